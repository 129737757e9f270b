import { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

/** Something of the server that is read again and again, and told when it is new. */
export abstract class Polled implements IDisposable {
  /** What was read, or why it could not be, is new. */
  get changed(): ISignal<this, void> {
    return this._changed;
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

  protected abstract readonly _poll: Poll;
  protected readonly _changed = new Signal<this, void>(this);
}
