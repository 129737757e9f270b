import { Poll } from '@lumino/polling';

import { JobClient } from '../api/jobClient';
import { IJob } from '../api/jobTypes';
import { ApiError, asApiError } from '../api/request';
import { Polled } from '../polled';
import { keepSame, stable } from '../same';
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
export class JobModel extends Polled {
  constructor(options: IJobModelOptions) {
    super();
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
        this._list = keepSame(this._list, jobs);
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

  protected readonly _poll: Poll;
  private readonly _present: () => boolean;
  private _list: IJob[] | null = null;
  private _error: ApiError | null = null;
  private _watched = false;
  private _turn = 0;
}
