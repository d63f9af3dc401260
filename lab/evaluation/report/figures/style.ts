import type { ContenderName } from '../../contenders.ts';

/** Okabe and Ito, 2008: distinct for every kind of colour vision. Without their yellow, which is faint on white. */
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

/** The contenders that the distributions show, each with its line. More lines would not be distinct. */
export const drawn: readonly { readonly name: ContenderName; readonly color: string; readonly dash: Dash }[] = [
  { name: 'roundrobin', color: palette.grey, dash: 'solid' },
  { name: 'leastconn', color: palette.black, dash: 'solid' },
  { name: 'least-utilised+roundrobin', color: palette.orange, dash: 'dashed' },
  { name: 'paper+roundrobin', color: palette.vermilion, dash: 'solid' },
  { name: 'adaptive+roundrobin', color: palette.sky, dash: 'solid' },
  { name: 'adaptive+leastconn', color: palette.blue, dash: 'solid' },
  { name: 'oracle+leastconn', color: palette.green, dash: 'dotted' },
];

type Dash = 'solid' | 'dashed' | 'dotted';

/** One a server, in their order. */
export const serverColors = [palette.blue, palette.sky, palette.green, palette.vermilion, palette.purple] as const;

export const ink = '#222222';
export const faintInk = '#555555';
export const gridLine = { lineStyle: { color: '#e2e2e2', width: 1 } };
/** While a fault lasts. */
export const faultColor = 'rgba(213, 94, 0, 0.12)';

export const fontSize = 12;
export const plainText = { fontSize, color: ink } as const;
export const smallText = { fontSize: fontSize - 1, color: faintInk } as const;

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

/** Above one panel of several, whose upper edge is at `top`. */
export function panelTitleOf(text: string, left: number, top: number) {
  return { text, left, top: top - 24, padding: 0, textStyle: plainText };
}

/** The names of lines, each with a bar of its colour that is `itemWidth` wide. */
export function legendOf(data: readonly string[], itemWidth: number) {
  return { itemWidth, itemHeight: 2, textStyle: plainText, data: [...data] };
}

/** The name of an axis next to its middle, `nameGap` pixels away. */
export function axisName(name: string, nameGap: number, nameTextStyle: TextStyle = plainText) {
  return { name, nameLocation: 'middle' as const, nameGap, nameTextStyle };
}

/** An axis of numbers from 0 on. */
export function valueAxis(axisLabel: TextStyle) {
  return { type: 'value' as const, min: 0, axisLabel, splitLine: gridLine };
}

/** As `valueAxis`, of shares, which it shows in percent. */
export function shareAxis(axisLabel: TextStyle) {
  const formatter = (value: number) => `${Math.round(100 * value)} %`;
  return { ...valueAxis(axisLabel), axisLabel: { ...axisLabel, formatter } };
}

/** An axis of names: every one is shown, and none has a tick. */
export function namesAxis(data: readonly string[]) {
  return {
    type: 'category' as const,
    data: [...data],
    axisTick: { show: false },
    axisLabel: { ...plainText, interval: 0 },
  };
}

type TextStyle = typeof plainText | typeof smallText;
