import type { Results } from '../results.ts';
import { distributionFigure } from './distributions.ts';
import { failedFigure } from './failed.ts';
import { type Figure, withTitle } from './figure.ts';
import { heatMapFigure } from './heat-map.ts';
import { overTimeFigure } from './over-time.ts';

/** Every figure of which at least one cell counts. */
export function figuresOf(results: Results): Figure[] {
  return [
    heatMapFigure(results, 'mean'),
    heatMapFigure(results, 'p99'),
    overTimeFigure(results),
    distributionFigure(results, 'figure-5-1', 'removed-1'),
    distributionFigure(results, 'figure-5-2', 'removed-2'),
    distributionFigure(results, 'figure-5-3', 'removed-3'),
    failedFigure(results),
    distributionFigure(results, 'figure-7-135', 'flash-135'),
    distributionFigure(results, 'figure-7-188', 'flash-188'),
    distributionFigure(results, 'figure-7-240', 'flash-240'),
  ]
    .filter((figure) => figure !== null)
    .map(withTitle);
}
