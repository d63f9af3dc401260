import type { ContenderName } from '../../contenders.ts';

/** Okabe and Ito, 2008: told apart by every kind of colour vision. Without its yellow, which is faint on white. */
const palette = {
  black: '#000000',
  grey: '#8c8c8c',
  orange: '#e69f00',
  sky: '#56b4e9',
  green: '#009e73',
  blue: '#0072b2',
  vermilion: '#d55e00',
  purple: '#cc79a7',
} as const;

/** Those that the distributions show, each with its line. More could not be told apart. */
export const drawn: readonly { readonly name: ContenderName; readonly color: string; readonly dash: Dash }[] = [
  { name: 'roundrobin', color: palette.grey, dash: 'solid' },
  { name: 'leastconn', color: palette.black, dash: 'solid' },
  { name: 'least-utilised+roundrobin', color: palette.orange, dash: 'dashed' },
  { name: 'paper+roundrobin', color: palette.vermilion, dash: 'solid' },
  { name: 'inverse-load+roundrobin', color: palette.sky, dash: 'solid' },
  { name: 'capacity+leastconn', color: palette.blue, dash: 'solid' },
  { name: 'oracle+leastconn', color: palette.green, dash: 'dotted' },
];

type Dash = 'solid' | 'dashed' | 'dotted';

/** One a server, in their order. */
export const serverColors = [palette.blue, palette.sky, palette.green, palette.vermilion, palette.purple] as const;

export const ink = '#222222';
export const faintInk = '#555555';
export const gridLine = { lineStyle: { color: '#e2e2e2', width: 1 } };
/** While something is wrong. */
export const faultColor = 'rgba(213, 94, 0, 0.12)';

export const fontSize = 12;

/** Above the drawing, at its left edge. */
export function titleOf(text: string, subtext: string) {
  return {
    text,
    subtext,
    left: 8,
    top: 6,
    itemGap: 5,
    textStyle: { fontSize: 15, color: ink },
    subtextStyle: { fontSize, color: faintInk, lineHeight: 16 },
  };
}
