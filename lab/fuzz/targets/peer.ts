import { parseTraffic } from '../../../controller/observe/peers/parse-traffic.ts';
import { ratesBetween } from '../../../controller/observe/peers/rates.ts';
import { trafficSchema } from '../../../shared/contract/traffic.ts';
import { counters } from '../corpus.ts';
import { casesFrom } from '../input/cases.ts';
import { stateless, type Target } from '../target.ts';
import { checkProblem, demand } from '../violation.ts';

const corpus = { inputs: counters, maxBytes: 64 * 1024, json: 'whole' } as const;
const url = 'http://127.0.0.1:9478';

export const peerTarget: Target = {
  cases: casesFrom(corpus),
  open: () => stateless(checkAnswer),
};

/** The body of an answer, and what happened between a good answer and this one. */
function checkAnswer(input: Buffer): string {
  const parsed = parseTraffic({ status: 200, contentType: 'application/json', body: input.toString('utf8') }, url);
  if (!parsed.ok) {
    checkProblem(parsed.error);
    return parsed.error.code;
  }
  demand(trafficSchema.safeParse(parsed.value).success, 'accepted counters do not fit their own schema');
  const before = trafficSchema.parse(JSON.parse(counters[0].toString('utf8'))).backends[0];
  const now = parsed.value.backends[0];
  if (before === undefined || now === undefined) return 'accepted';
  const rates = ratesBetween(url, before, now);
  if (!rates.ok) {
    checkProblem(rates.error);
    return 'implausible';
  }
  for (const { okPerSecond, startedPerSecond, inFlight } of rates.value ?? []) {
    const numbers = [okPerSecond, startedPerSecond, inFlight];
    demand(
      numbers.every((value) => value >= 0 && value <= 1_000_000),
      `rates of ${numbers.join(', ')}`,
    );
  }
  return rates.value === null ? 'accepted' : 'accepted, with rates';
}
