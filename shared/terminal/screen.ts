/** Where pictures of some lines are drawn over each other. */
export interface Screen {
  /** Draws over the last picture, without lines nothing is left of it; where that cannot be, does nothing. */
  draw(lines: readonly string[]): void;
  /** Writes a line that stays; the next picture comes below. */
  say(line: string): void;
}

const csi = '\u001b[';
const toStartOfLine = '\r';
const clearLine = `${csi}2K`;
const clearBelow = `${csi}J`;
const up = (lines: number) => `${csi}${lines}A`;

/** Whether pictures can be drawn over each other there. */
export function isLive(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && process.env['TERM'] !== 'dumb';
}

export function makeScreen(stream: NodeJS.WritableStream, live: boolean): Screen {
  let height = 0;
  return {
    draw: (lines) => {
      if (!live || (height === 0 && lines.length === 0)) return;
      const back = height === 0 ? '' : up(height);
      stream.write(`${back}${toStartOfLine}${lines.map((line) => `${clearLine}${line}\n`).join('')}${clearBelow}`);
      height = lines.length;
    },
    say: (line) => {
      stream.write(`${line}\n`);
      height = 0;
    },
  };
}

/** Starts a fresh screen on a terminal; elsewhere what follows comes after an empty line. */
export function clearScreen(stream: NodeJS.WriteStream): void {
  stream.write(stream.isTTY ? `${csi}H${csi}2J` : '\n');
}
