import type { EChartsOption } from 'echarts';
import { init } from 'echarts';

/** Every system has one of these fonts; echarts assumes about this width when it measures text. */
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

/** Removes what reacts to a pointer, and the instance's number in ids, which counts up within a process. */
function withoutState(svg: string): string {
  return `${svg
    .replace(/<style\s*>.*?<\/style>/s, '')
    .replaceAll(/ (?:class="zr[^"]*"|pointer-events="[^"]*"|ecmeta_[a-z_]+="[^"]*")/g, '')
    .replaceAll(/\bzr\d+-/g, '')
    .replaceAll(/\n+/g, '\n')
    .trim()}\n`;
}
