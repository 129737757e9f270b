import { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { JobClient } from '../api/jobClient';
import { IJob } from '../api/jobTypes';
import { ApiError, asApiError } from '../api/request';
import { keepSame, stable } from '../cloud/view';
import { inOrder } from './words';

/** How often jobs are read while somebody looks, in ms. */
const INTERVAL = 15_000;

export interface IJobModelOptions {
  client: JobClient;
  /** Whether there is a cloud to ask. */
  present: () => boolean;
  standby?: Poll.Standby;
}

/** The training jobs: the last truth heard, refreshed behind while the panel is seen. */
export class JobModel implements IDisposable {
  constructor(options: IJobModelOptions) {
    this.client = options.client;
    this._present = options.present;
    this._poll = new Poll({
      name: 'modelarts_nb:jobs',
      factory: () => this._read(),
      frequency: { interval: INTERVAL, backoff: true, max: 20 * INTERVAL },
      standby: () =>
        options.standby ??
        (this._watched && this._present() ? 'when-hidden' : true)
    });
  }

  readonly client: JobClient;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Running ones first; null: not heard yet. */
  get list(): readonly IJob[] | null {
    return this._list;
  }

  /** Why they could not be read the last time. */
  get error(): ApiError | null {
    return this._error;
  }

  /** Whether the panel is seen. */
  set watched(value: boolean) {
    const begins = value && !this._watched;
    this._watched = value;
    if (begins && this._list !== null) {
      void this.refresh();
    }
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._poll.dispose();
      Signal.clearData(this);
    }
  }

  /** Read them again; resolves when they have been read (or have failed). */
  async refresh(): Promise<void> {
    if (this._present()) {
      await this._read().catch(() => undefined);
    }
  }

  private async _read(): Promise<void> {
    if (!this._present()) {
      return;
    }
    const turn = ++this._turn;
    const before = stable([this._list, this._error?.message]);
    let failed: unknown = null;
    try {
      const jobs = inOrder(await this.client.jobs());
      if (turn === this._turn) {
        this._list = keepSame(this._list, jobs) as IJob[];
        this._error = null;
      }
    } catch (reason) {
      failed = reason;
      if (turn === this._turn) {
        this._error = asApiError(reason);
      }
    }
    if (before !== stable([this._list, this._error?.message])) {
      this._changed.emit();
    }
    if (failed) {
      // The poll backs off when its factory rejects.
      throw failed;
    }
  }

  private readonly _poll: Poll;
  private readonly _present: () => boolean;
  private readonly _changed = new Signal<this, void>(this);
  private _list: IJob[] | null = null;
  private _error: ApiError | null = null;
  private _watched = false;
  private _turn = 0;
}
