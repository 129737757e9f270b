import { ISignal, Signal } from '@lumino/signaling';

/** What happens shortly before the lease runs out. */
export type KeepAlive = 'ask' | 'auto' | 'off';

/** The user's choice, wherever it is kept. */
export class KeepAlivePreference {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get mode(): KeepAlive {
    return this._mode;
  }

  /** Take over what is kept; anything else means "ask". */
  read(value: unknown): void {
    const mode = value === 'auto' || value === 'off' ? value : 'ask';
    if (mode !== this._mode) {
      this._mode = mode;
      this._changed.emit();
    }
  }

  /** Choose; kept by who called `keepBy`, else until the page is closed. */
  async choose(mode: KeepAlive): Promise<void> {
    this.read(mode);
    await this._keep?.(mode);
  }

  keepBy(keep: (mode: KeepAlive) => Promise<void>): void {
    this._keep = keep;
  }

  private readonly _changed = new Signal<this, void>(this);
  private _mode: KeepAlive = 'ask';
  private _keep: ((mode: KeepAlive) => Promise<void>) | null = null;
}
