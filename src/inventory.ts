import { IStateDB } from '@jupyterlab/statedb';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Poll } from '@lumino/polling';

import { Client } from './api/client';
import { ApiError, asApiError } from './api/request';
import { IArchive, IEnvironment, IRemoved, IStatus } from './api/types';
import { Polled } from './polled';
import { keepSame } from './same';

const CACHE = 'modelarts_nb:view';

/** What the disk holds, as far as the browser has been told. */
export interface IView {
  status: IStatus | null;
  environments: IEnvironment[] | null;
  archives: IArchive[] | null;
  removed: IRemoved[] | null;
}

export interface IInventoryOptions {
  client: Client;
  /** Where the last view is kept for the next page load. */
  state?: IStateDB | null;
  standby?: Poll.Standby;
}

/**
 * Environments, archives, bin and disk: the last truth heard, refreshed behind.
 *
 * A failed read never takes away what is already shown; `error` says so instead.
 */
export class Inventory extends Polled {
  constructor(options: IInventoryOptions) {
    super();
    this._client = options.client;
    this._state = options.state ?? null;
    this._poll = new Poll({
      name: 'modelarts_nb:inventory',
      auto: false,
      factory: () => this._read(),
      frequency: { interval: 60_000, backoff: true, max: 10 * 60_000 },
      standby: options.standby ?? 'when-hidden'
    });
  }

  get view(): IView {
    return this._view;
  }

  get error(): ApiError | null {
    return this._error;
  }

  /** The server has answered at least once since the page was loaded. */
  get heard(): boolean {
    return this._heard;
  }

  /** The view of the last visit, for the first frame. */
  async recall(): Promise<void> {
    const kept = (await this._state?.fetch(CACHE)) as unknown;
    if (kept && !this._heard) {
      this._view = { ...this._view, ...(kept as Partial<IView>) };
      this._changed.emit();
    }
  }

  /** Read everything again; resolves when it has been read (or has failed). */
  async refresh(): Promise<void> {
    const old = this._reading;
    await this._poll.refresh();
    await this._poll.tick.catch(() => undefined);
    if (old) {
      // The poll waits for a read that is under way, which may know nothing of the latest.
      await this._poll.refresh();
      await this._poll.tick.catch(() => undefined);
    }
  }

  find(name: string): IEnvironment | undefined {
    return this._view.environments?.find(
      environment => environment.name === name
    );
  }

  private async _read(): Promise<void> {
    this._reading = true;
    try {
      await this._readAll();
    } finally {
      this._reading = false;
    }
  }

  private async _readAll(): Promise<void> {
    const before = JSON.stringify([this._view, this._error?.message ?? null]);
    const client = this._client;
    // Each answer is shown by itself: one that is slow or fails holds up no other.
    const answers = await Promise.allSettled([
      client.status().then(status => this._show({ status })),
      client.environments().then(list => this._show({ environments: list })),
      client.archives().then(archives => this._show({ archives })),
      client.removed().then(removed => this._show({ removed }))
    ]);
    const failed = answers.find(answer => answer.status === 'rejected');
    this._error = failed
      ? asApiError((failed as PromiseRejectedResult).reason)
      : null;
    const first = !this._heard && !failed;
    this._heard ||= !failed;
    if (
      first ||
      before !== JSON.stringify([this._view, this._error?.message ?? null])
    ) {
      this._changed.emit();
      void this._state?.save(
        CACHE,
        this._view as unknown as ReadonlyPartialJSONObject
      );
    }
    if (this._error) {
      throw this._error;
    }
  }

  private _show(part: Partial<IView>): void {
    const next = { ...this._view, ...part };
    if (part.environments) {
      next.environments = keepSame(this._view.environments, part.environments);
    }
    const same = JSON.stringify(next) === JSON.stringify(this._view);
    if (!same) {
      this._view = next;
      this._changed.emit();
    }
  }

  private readonly _client: Client;
  private readonly _state: IStateDB | null;
  protected readonly _poll: Poll;
  private _view: IView = {
    status: null,
    environments: null,
    archives: null,
    removed: null
  };
  private _error: ApiError | null = null;
  private _heard = false;
  private _reading = false;
}
