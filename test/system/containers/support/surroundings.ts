import { randomUUID } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Network, type StartedNetwork } from 'testcontainers';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { buildImage } from './engine.ts';
import { Sweeper } from './sweeper.ts';

/** Ports inside the containers. */
export const appPort = 8080;
export const agentPort = 9477;
export const controllerPort = 9478;
/** Path of the token's file inside the containers. */
export const tokenInside = '/run/secrets/haweight.token';

/** What all containers of a test share. Everything ends with it. */
export class Surroundings implements AsyncDisposable {
  readonly image: string;
  readonly token: string;
  readonly tokenFile: string;
  readonly network: StartedNetwork;
  readonly #sweeper: Sweeper;
  readonly #ends: AsyncDisposableStack;

  private constructor(
    parts: Pick<Surroundings, 'image' | 'token' | 'tokenFile' | 'network'>,
    sweeper: Sweeper,
    ends: AsyncDisposableStack,
  ) {
    this.image = parts.image;
    this.token = parts.token;
    this.tokenFile = parts.tokenFile;
    this.network = parts.network;
    this.#sweeper = sweeper;
    this.#ends = ends;
  }

  static async make(): Promise<Surroundings> {
    const image = await buildImage();
    await using ends = new AsyncDisposableStack();
    const folder = ends.use(await temporaryFolder());
    const [token, tokenFile] = [randomUUID(), join(folder.path, 'token')];
    await writeFile(tokenFile, token);
    // the containers' user has no name here
    await chmod(tokenFile, 0o444);
    const sweeper = ends.use(new Sweeper());
    const network = await new Network({ nextUuid: () => sweeper.name }).start();
    return new Surroundings({ image, token, tokenFile, network }, sweeper, ends.move());
  }

  /** Unique name of the run. */
  get name(): string {
    return this.#sweeper.name;
  }

  get label(): Readonly<Record<string, string>> {
    return this.#sweeper.label;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends.disposeAsync();
  }
}
