import { isLive, makeScreen } from '../../shared/terminal/screen.ts';
import { type Frame, renderFrame, renderLine } from './live-view.ts';

export interface Presenter {
  show(frame: Frame): void;
  say(lines: readonly string[]): void;
}

/** Between two lines where there is no terminal, in seconds. */
const lineSeconds = 5;
/** The width that everything is made for, and the most that is used. */
const fullWidth = 80;

/** Draws pictures on a terminal; elsewhere writes a line now and then. */
export function makePresenter(stream: NodeJS.WriteStream): Presenter {
  const live = isLive(stream);
  const screen = makeScreen(stream, live);
  let lastLine = '';
  return {
    show: (frame) => {
      if (live) {
        const columns = Math.min(stream.columns, fullWidth);
        // hasColors() respects NO_COLOR
        screen.draw(renderFrame(frame, { columns, colour: stream.hasColors() }));
        return;
      }
      const due = `${frame.phase} ${Math.floor(frame.elapsedSeconds / lineSeconds)}`;
      if (frame.elapsedSeconds >= lineSeconds && due !== lastLine) screen.say(renderLine(frame));
      lastLine = due;
    },
    say: (lines) => {
      for (const line of lines) screen.say(line);
    },
  };
}
