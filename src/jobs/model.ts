import { Poll } from '@lumino/polling';

import { JobClient } from '../api/jobClient';
import { IJob } from '../api/jobTypes';
import { ApiError, asApiError } from '../api/request';
import { Polled } from '../polled';
import { keepSame, stable } from '../same';
import { inOrder } from './words';

/** How often jobs are read while somebody looks, in ms. */
const INTERVAL = 15_000;
/** So many are read when nobody has asked for older ones. */
const FIRST = 50;

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

  /** Whether there may be older ones. */
  get older(): boolean {
    return this._older;
  }

  /** Read older ones too, from now on. */
  async readBack(): Promise<void> {
    this._limit *= 2;
    await this.refresh();
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
    const limit = this._limit;
    const before = this._seen();
    let failed: unknown = null;
    try {
      const jobs = await this.client.jobs(limit > FIRST ? limit : undefined);
      if (turn === this._turn) {
        this._list = keepSame(this._list, inOrder(jobs));
        this._older = jobs.length >= limit;
        this._error = null;
      }
    } catch (reason) {
      failed = reason;
      if (turn === this._turn) {
        this._error = asApiError(reason);
      }
    }
    if (before !== this._seen()) {
      this._changed.emit();
    }
    if (failed) {
      // The poll backs off when its factory rejects.
      throw failed;
    }
  }

  private _seen(): string {
    return stable([this._list, this._older, this._error?.message]);
  }

  protected readonly _poll: Poll;
  private readonly _present: () => boolean;
  private _list: IJob[] | null = null;
  private _older = false;
  private _limit = FIRST;
  private _error: ApiError | null = null;
  private _watched = false;
  private _turn = 0;
}
