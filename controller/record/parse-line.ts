import { quote, quoteValue } from '../../shared/contract/problem.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import type { Line } from '../../shared/lines.ts';
import { withCurrentNames } from '../config/former-names.ts';
import type { Tree } from '../config/yaml-file.ts';
import { parseTick } from './other-versions.ts';
import { maxLineBytes, recordingVersion, type TickRecord } from './recording.ts';

/** From one line to a tick, or what is wrong with the line in a few words. Pure. */
export function parseLine({ text, ended }: Line): Result<TickRecord, string> {
  if (text === null) return err(`the line is longer than ${maxLineBytes} bytes`);
  const value = parseJson(text);
  if (value === undefined) {
    return err(ended ? `the line is not valid JSON or was cut off: ${quote(text, 30)}` : 'the line is cut off');
  }
  const version = (value as { haweightRecording?: unknown } | null)?.haweightRecording;
  if (version === undefined) return err(`the line is not a tick of a haweight recording: ${quote(text, 30)}`);
  if (typeof version !== 'number' || version < 1) {
    return err(`not a version of recordings; expected 1 to ${recordingVersion}, got ${quoteValue(version, 20)}`);
  }
  const parsed = parseTick(withCurrentNames(value as Tree).tree, version);
  if (parsed.success) return ok(parsed.data);
  if (version > recordingVersion) {
    return err(
      `recorded by a newer haweight (version ${version}; this one reads up to ${recordingVersion}): upgrade to replay it`,
    );
  }
  const [issue] = parsed.error.issues;
  return err(`the tick holds an invalid value: ${quote(`${issue?.path.join('.')}: ${issue?.message}`)}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
