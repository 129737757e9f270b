import { ServerConnection } from '@jupyterlab/services';

import { IDifference, IVersion } from '../api/sealedTypes';
import { IEnvironment, IOperation, IStatus } from '../api/types';

export interface IAnswer {
  status?: number;
  body?: unknown;
  /** Instead of JSON. */
  text?: string;
}

export interface IAsked {
  method: string;
  path: string;
  body: unknown;
}

/** A server at the far edge of fetch: answers by method and path. */
export class FakeServer {
  readonly asked: IAsked[] = [];
  /** `GET status` -> what it says; a function is asked each time. */
  readonly answers: { [key: string]: IAnswer | ((asked: IAsked) => IAnswer) } =
    {};
  down = false;

  readonly settings = ServerConnection.makeSettings({
    baseUrl: 'http://lab.test/user/me/',
    token: '',
    Request: FakeRequest as unknown as typeof Request,
    Headers: Map as unknown as typeof Headers,
    fetch: ((input: unknown, init?: RequestInit) =>
      this._answer(input as FakeRequest, init)) as unknown as typeof fetch
  });

  private async _answer(
    request: FakeRequest,
    init?: RequestInit
  ): Promise<Response> {
    if (this.down) {
      throw new TypeError('Failed to fetch');
    }
    const url = new URL(request.url);
    const base = '/user/me/modelarts-nb/api/';
    expect(url.pathname.startsWith(base)).toBe(true);
    const options = { ...request.init, ...init };
    const asked: IAsked = {
      method: options.method ?? 'GET',
      path:
        url.pathname.slice(base.length) + url.search.replace(/[?&]\d+$/, ''),
      body: options.body ? JSON.parse(String(options.body)) : undefined
    };
    this.asked.push(asked);
    const key = `${asked.method} ${asked.path}`;
    const found = this.answers[key];
    const answer =
      typeof found === 'function'
        ? found(asked)
        : (found ?? { status: 404, text: '<html>404: Not Found</html>' });
    const status = answer.status ?? 200;
    return {
      ok: status < 400,
      status,
      statusText: '',
      url: request.url,
      text: async () => answer.text ?? JSON.stringify(answer.body ?? null)
    } as Response;
  }
}

class FakeRequest {
  constructor(
    readonly url: string,
    readonly init: RequestInit = {}
  ) {}
  readonly headers = new Map<string, string>();
}

export function environment(
  change: Partial<IEnvironment> & { name: string }
): IEnvironment {
  return {
    prefix: `/disk/envs/user_conda/${change.name}`,
    where: 'disk',
    survives: true,
    python: '3.10.13',
    size: 3_400_000_000,
    files: 24_310,
    kernel: 'ready',
    kernel_name: `ma-${change.name.toLowerCase()}`,
    created: null,
    origin: null,
    highlights: [],
    trouble: [],
    working: null,
    state: 'open',
    version: null,
    newest: null,
    versions: 0,
    filled: true,
    unsaved: false,
    stored: null,
    local_size: null,
    ...change
  };
}

/** A sealed environment with two versions and a local copy of the newest. */
export function sealed(
  change: Partial<IEnvironment> & { name: string }
): IEnvironment {
  return environment({
    prefix: `/home/me/.ma/run/${change.name}~2`,
    state: 'sealed',
    version: 2,
    newest: 2,
    versions: 2,
    stored: 1_100_000_000,
    local_size: 3_400_000_000,
    ...change
  });
}

export function version(
  change: Partial<IVersion> & { number: number }
): IVersion {
  return {
    name: 'mine',
    created: '2026-11-20T09:00:00Z',
    why: '',
    owner: 'me',
    parent: change.number > 1 ? change.number - 1 : null,
    python: '3.10.13',
    platform: 'linux-64',
    arch: 'x86_64',
    glibc: '2.17',
    accelerator: 'cpu',
    packages: 40,
    highlights: [],
    files: 24_310,
    size: 3_400_000_000,
    stored: 1_100_000_000,
    filled: false,
    chosen: false,
    problem: '',
    ...change
  };
}

export function difference(change: Partial<IDifference> = {}): IDifference {
  const none = { count: 0, bytes: 0, paths: [] };
  return {
    name: 'mine',
    before: '1',
    after: '2',
    packages: [],
    added: none,
    removed: none,
    changed: none,
    ...change
  };
}

export function operation(change: Partial<IOperation> = {}): IOperation {
  return {
    id: 'op1',
    verb: 'env.clone',
    params: { source: '/image/envs/PyTorch-1.8', name: 'pytorch-1.8' },
    state: 'running',
    phase: 'copying',
    done: { files: 24_310, bytes: 620_000_000 },
    total: { files: 41_268, bytes: 1_000_000_000 },
    rate: { files: 900, bytes: 118_000_000 },
    seconds_left: 14,
    started: '2026-11-22T09:00:00Z',
    ended: null,
    error: null,
    result: null,
    owner: 'me',
    ...change
  };
}

export function status(change: Partial<IStatus> = {}): IStatus {
  return {
    version: '0.1.0',
    disk: {
      root: '/home/ma-user/work',
      exists: true,
      survives: true,
      kind: 'network',
      fstype: 'nfs4',
      reason: '',
      total: 1_000_000_000_000,
      free: 612_000_000_000,
      inodes_free: null,
      latency_ms: 0.9,
      error: null
    },
    owner: 'me',
    lost: [],
    restore: null,
    hook: { installed: true, version: '0.1.0' },
    ...change
  };
}
