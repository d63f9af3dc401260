import type { EChartsOption } from 'echarts';
import { init } from 'echarts';

/** Fonts that every system has one of; echarts measures text as if it were of about this width. */
const fontFamily = 'Helvetica, Arial, sans-serif';

/** On white, so that it can be read on a dark page too. The same option gives the same bytes. Sizes in pixels. */
export function renderSvg(option: EChartsOption, width: number, height: number): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      textStyle: { fontFamily },
      ...option,
    });
    return withoutState(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

/** Without what reacts to a pointer, and without the instance's number in ids, which counts up within a process. */
function withoutState(svg: string): string {
  return `${svg
    .replace(/<style\s*>.*?<\/style>/s, '')
    .replaceAll(/ (?:class="zr[^"]*"|pointer-events="[^"]*"|ecmeta_[a-z_]+="[^"]*")/g, '')
    .replaceAll(/\bzr\d+-/g, '')
    .replaceAll(/\n+/g, '\n')
    .trim()}\n`;
}
