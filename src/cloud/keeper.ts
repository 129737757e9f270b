import { IDisposable } from '@lumino/disposable';

import { Operations } from '../operations/model';
import { CloudModel } from './model';
import { KeepAlivePreference } from './preference';

/** Seconds before the end at which something is done about it. */
export const SOON = 15 * 60;
/** What one extension brings, in hours from now. */
export const HOURS = 1;
/** Often enough for a quarter of an hour, cheap enough for ever; in ms. */
const PERIOD = 30_000;

/** How the keeper speaks to the user. */
export interface ILeaseTeller {
  /** The notebook stops by itself soon; said once for each end. */
  warn(secondsLeft: number): void;
  /** What was warned of is not true any more. */
  calm(): void;
  /** It was extended because a kernel is busy. */
  extended(secondsLeft: number): void;
}

export interface ILeaseKeeperOptions {
  cloud: CloudModel;
  operations: Operations;
  preference: KeepAlivePreference;
  /** Whether a kernel is working. */
  busy: () => boolean;
  teller: ILeaseTeller;
}

/** Before the lease runs out: ask, or extend it by itself, as the user chose. */
export class LeaseKeeper implements IDisposable {
  constructor(private readonly _options: ILeaseKeeperOptions) {
    this._timer = window.setInterval(() => void this.look(), PERIOD);
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    window.clearInterval(this._timer);
  }

  /** Look at the time left and do what is to be done. */
  async look(): Promise<void> {
    const { cloud, preference } = this._options;
    if (this._looking || this._disposed) {
      return;
    }
    if (preference.mode === 'off' || !isSoon(cloud.secondsLeft())) {
      this._calm();
      return;
    }
    this._looking = true;
    try {
      // It may have been extended elsewhere: by `ma`, or on another page.
      await cloud.refreshLease();
      await this._act();
    } finally {
      this._looking = false;
    }
  }

  private async _act(): Promise<void> {
    const { cloud, preference, busy, teller } = this._options;
    const left = cloud.secondsLeft();
    if (left === null || !isSoon(left)) {
      this._calm();
      return;
    }
    const ends = cloud.view.mine?.lease?.ends ?? '';
    if (preference.mode === 'auto' && busy() && this._refusedOf !== ends) {
      if (await this._extend()) {
        this._calm();
        teller.extended(cloud.secondsLeft() ?? HOURS * 3600);
        return;
      }
      // Once is enough: it would be refused every half minute.
      this._refusedOf = ends;
    }
    if (this._warnedOf !== ends) {
      this._warnedOf = ends;
      teller.warn(left);
    }
  }

  private async _extend(): Promise<boolean> {
    const { cloud, operations } = this._options;
    try {
      const begun = await operations.start('notebook.keep_alive', {
        hours: HOURS
      });
      const ended = await operations.whenEnded(begun.id);
      await cloud.refreshLease();
      return ended.state === 'done';
    } catch {
      // The user is asked instead.
      return false;
    }
  }

  private _calm(): void {
    if (this._warnedOf !== null) {
      this._warnedOf = null;
      this._options.teller.calm();
    }
  }

  private readonly _timer: number;
  private _disposed = false;
  private _looking = false;
  /** The end that the user was warned of. */
  private _warnedOf: string | null = null;
  /** The end that could not be put off. */
  private _refusedOf: string | null = null;
}

function isSoon(left: number | null): boolean {
  // At nothing left it is stopping; what is asked for now would fail.
  return left !== null && left > 0 && left <= SOON;
}
