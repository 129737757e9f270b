import { IStateDB } from '@jupyterlab/statedb';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Poll } from '@lumino/polling';

import { CloudClient } from '../api/cloudClient';
import { INotebook } from '../api/cloudTypes';
import { ApiError, asApiError } from '../api/request';
import { Polled } from '../polled';
import { keepSame, stable } from '../same';
import { CloudPart, ICloudView, NOTHING, worthAsking } from './view';

const CACHE = 'modelarts_nb:cloud';
const MINUTE = 60_000;

export interface ICloudModelOptions {
  client: CloudClient;
  /** Where the last view is kept for the next page load. */
  state?: IStateDB | null;
  standby?: Poll.Standby;
  now?: () => number;
}

/**
 * The cloud: the last truth heard, refreshed behind.
 *
 * Every part is asked and shown by itself; one that is slow or fails holds up no other and takes
 * nothing away that is already shown. Where there are no keys only `status` is asked.
 */
export class CloudModel extends Polled {
  constructor(options: ICloudModelOptions) {
    super();
    this.client = options.client;
    this._state = options.state ?? null;
    this._now = options.now ?? Date.now;
    this._poll = new Poll({
      name: 'modelarts_nb:cloud',
      factory: () => this._readAgain(),
      frequency: { interval: MINUTE, backoff: true, max: 10 * MINUTE },
      // Nobody looks: nothing is asked, unless the lease is still not known.
      standby: () =>
        options.standby ??
        (this._watched || this.error('status') || this.error('mine')
          ? 'when-hidden'
          : true)
    });
  }

  readonly client: CloudClient;

  get view(): ICloudView {
    return this._view;
  }

  /** Why a part could not be read the last time; what is shown of it is older. */
  error(part: CloudPart): ApiError | null {
    return this._errors.get(part) ?? null;
  }

  /** No keys, or no SDK: there is nothing to ask. False while that is not known. */
  get absent(): boolean {
    return this._view.status?.kind === 'none';
  }

  /** There are keys. */
  get present(): boolean {
    return this._view.status !== null && !this.absent;
  }

  /** Whether the panel is seen; while it is, everything is read once a minute. */
  set watched(value: boolean) {
    const begins = value && !this._watched;
    this._watched = value;
    if (begins && this._now() - this._readAt > MINUTE) {
      void this.refresh();
    }
  }

  /** The view of the last visit, for the first frame. */
  async recall(): Promise<void> {
    const kept = (await this._state?.fetch(CACHE)) as unknown;
    if (kept && this._readAt === 0) {
      this._view = { ...NOTHING, ...(kept as Partial<ICloudView>) };
      this._changed.emit();
    }
  }

  /**
   * Read everything again; resolves when it has been read (or has failed).
   *
   * It does not wait for a read that is under way: that one may know nothing yet of what the
   * caller has just done.
   */
  async refresh(): Promise<void> {
    await this._read().catch(() => undefined);
  }

  /** Read this notebook's lease again; true when the cloud has answered. */
  async refreshLease(): Promise<boolean> {
    try {
      const lease = await this.client.lease();
      const { mine } = this._view;
      if (mine) {
        this._show('mine', { ...mine, lease });
      }
      return true;
    } catch {
      return false;
    }
  }

  /** Seconds until this notebook stops by itself, by the server's clock; null: it does not. */
  secondsLeft(now = this._now()): number | null {
    const { mine } = this._view;
    const ends = mine?.status === 'RUNNING' ? mine.lease?.ends : null;
    return ends
      ? Math.max(0, Math.round((Date.parse(ends) - now - this._ahead) / 1000))
      : null;
  }

  /** The next read of the poll, where nobody has read meanwhile or ever. */
  private async _readAgain(): Promise<void> {
    // An account does not come up from one minute to the next.
    const pause = this.absent ? 10 * MINUTE : MINUTE / 2;
    if (this._readAt > 0 && this._now() - this._readAt > pause) {
      await this._read();
    }
  }

  private async _read(): Promise<void> {
    this._readAt = this._now();
    const before = stable([this._view, this._told()]);
    const { client } = this;
    const status = this._part('status', () => client.status());
    if (!this._goesOn) {
      await status;
    }
    if (this._goesOn) {
      const parts = [
        this._part('notebooks', () => client.notebooks()),
        this._part('keys', () => client.keys())
      ];
      if (this._view.status?.instance) {
        parts.push(
          this._part('mine', () => client.notebook()),
          this._part('storages', () => client.storages()),
          this._part('ssh', () => client.ssh()),
          this._part('hook', () => client.hook(true))
        );
      }
      await Promise.all([status, ...parts]);
    }
    if (this.absent) {
      // What other keys showed is nobody's business any more.
      this._view = { ...NOTHING, status: this._view.status };
      this._errors.clear();
    }
    if (before !== stable([this._view, this._told()])) {
      this._changed.emit();
      void this._state?.save(
        CACHE,
        this._view as unknown as ReadonlyPartialJSONObject
      );
    }
    const failed = this.error('status');
    if (failed) {
      // The poll backs off when its factory rejects.
      throw failed;
    }
  }

  private get _goesOn(): boolean {
    return this._heard && worthAsking(this._view.status);
  }

  private async _part<P extends CloudPart>(
    part: P,
    ask: () => Promise<NonNullable<ICloudView[P]>>
  ): Promise<void> {
    const turn = (this._turns.get(part) ?? 0) + 1;
    this._turns.set(part, turn);
    try {
      const value = await ask();
      if (this._turns.get(part) === turn) {
        this._errors.delete(part);
        this._heard ||= part === 'status';
        this._show(part, value);
      }
    } catch (reason) {
      if (this._turns.get(part) === turn) {
        const error = asApiError(reason);
        const known = this._errors.get(part)?.message;
        this._errors.set(part, error);
        if (known !== error.message) {
          this._changed.emit();
        }
      }
    }
  }

  private _show<P extends CloudPart>(
    part: P,
    value: NonNullable<ICloudView[P]>
  ): void {
    if (part === 'mine') {
      const { lease } = value as INotebook;
      if (lease?.ends && lease.remaining) {
        // The server's clock and this one may differ; what is left does not.
        this._ahead =
          Date.parse(lease.ends) - lease.remaining * 1000 - this._now();
      }
    }
    const old = this._view[part];
    if (stable(old) !== stable(value)) {
      this._view = {
        ...this._view,
        [part]: Array.isArray(value)
          ? keepSame(old as unknown[] | null, value)
          : value
      };
      this._changed.emit();
    }
  }

  private _told(): string[] {
    return [...this._errors].map(([part, error]) => part + error.message);
  }

  private readonly _state: IStateDB | null;
  private readonly _now: () => number;
  protected readonly _poll: Poll;
  private readonly _errors = new Map<CloudPart, ApiError>();
  private readonly _turns = new Map<CloudPart, number>();
  private _view = NOTHING;
  private _heard = false;
  private _watched = false;
  private _readAt = 0;
  /** Milliseconds that the server's clock is ahead of this one. */
  private _ahead = 0;
}
