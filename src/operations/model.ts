import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { Client } from '../api/client';
import { ApiError, asApiError } from '../api/request';
import { IOperation, Params, Verb } from '../api/types';
import { Polled } from '../polled';
import { keepSame } from '../same';

/** The event schema of hints: "read again", never a truth in itself. */
export const HINT_SCHEMA = 'https://modelarts-nb/operation/v1';

/** A second's fraction while something runs: progress must look alive. */
const FAST = 700;
/** At rest only work started elsewhere (a terminal, a notebook) can appear. */
const SLOW = 20_000;

export interface IOperationsOptions {
  client: Client;
  /** Jupyter's event bus; without it polling alone carries the news. */
  events?: ISignal<unknown, { [key: string]: unknown }>;
  /** Lumino's word for when polling rests; tests poll always. */
  standby?: Poll.Standby;
}

/** What runs and what has run: the one source for every face in the browser. */
export class Operations extends Polled {
  constructor(options: IOperationsOptions) {
    super();
    this._client = options.client;
    this._events = options.events;
    this._events?.connect(this._onEvent, this);
    this._poll = new Poll({
      name: 'modelarts_nb:operations',
      auto: false,
      factory: () => this._read(),
      frequency: { interval: SLOW, backoff: true, max: 5 * 60_000 },
      standby: options.standby ?? 'when-hidden'
    });
  }

  /** An operation began, by this page or elsewhere. */
  get began(): ISignal<this, IOperation> {
    return this._began;
  }

  /** An operation that this page saw running has ended. */
  get ended(): ISignal<this, IOperation> {
    return this._ended;
  }

  /** Running ones first, then the newest. Unchanged ones stay the same object. */
  get list(): readonly IOperation[] {
    return this._list;
  }

  get running(): readonly IOperation[] {
    return this._list.filter(operation => operation.state === 'running');
  }

  /** Why the last read failed; null when it did not. */
  get error(): ApiError | null {
    return this._error;
  }

  override dispose(): void {
    this._events?.disconnect(this._onEvent, this);
    super.dispose();
  }

  /** Read now. */
  async refresh(): Promise<void> {
    await this._poll.refresh();
    await this._poll.tick;
  }

  /** Start an operation; it is in `list` when the promise resolves. */
  async start(verb: Verb, params: Params): Promise<IOperation> {
    const operation = await this._client.start(verb, params);
    this._turn += 1;
    if (!this._list.some(other => other.id === operation.id)) {
      this._take([operation, ...this._list]);
      if (operation.state !== 'running') {
        this._ended.emit(operation);
      }
    }
    void this._poll.refresh();
    return operation;
  }

  /** Resolves with the operation when it has ended, however it ended. */
  whenEnded(id: string): Promise<IOperation> {
    const known = this._list.find(operation => operation.id === id);
    if (known && known.state !== 'running') {
      return Promise.resolve(known);
    }
    return new Promise(resolve => {
      const listen = (_: this, operation: IOperation) => {
        if (operation.id === id) {
          this._ended.disconnect(listen);
          resolve(operation);
        }
      };
      this._ended.connect(listen);
    });
  }

  /** Ask a running operation to stop; it stays in the list until it has. */
  async cancel(id: string): Promise<void> {
    await this._client.end(id);
    await this._poll.refresh();
  }

  /** Forget an ended operation. */
  async dismiss(id: string): Promise<void> {
    await this._client.end(id);
    this._turn += 1;
    this._take(this._list.filter(operation => operation.id !== id));
    await this._poll.refresh();
  }

  private _onEvent(_: unknown, event: { [key: string]: unknown }): void {
    if (event['schema_id'] === HINT_SCHEMA) {
      void this._poll.refresh();
    }
  }

  private async _read(): Promise<void> {
    const turn = ++this._turn;
    try {
      const list = await this._client.operations();
      if (turn !== this._turn) {
        // Asked before something newer was known: an old answer.
        return;
      }
      this._error = null;
      this._take(list);
    } catch (reason) {
      const known = this._error?.message;
      this._error = asApiError(reason);
      if (known !== this._error.message) {
        this._changed.emit();
      }
      // The poll backs off when its factory rejects.
      throw this._error;
    }
  }

  /** Replace the list, keep objects that did not change, tell what happened. */
  private _take(list: IOperation[]): void {
    const before = new Map(this._list.map(old => [old.id, old]));
    const next = keepSame(this._list, list).sort(order);
    const same =
      next.length === this._list.length &&
      next.every((operation, index) => operation === this._list[index]);
    this._list = next;
    this._pace();
    for (const operation of next) {
      const old = before.get(operation.id);
      if (operation.state === 'running' && !old) {
        this._began.emit(operation);
      } else if (operation.state !== 'running' && old?.state === 'running') {
        this._ended.emit(operation);
      }
    }
    if (!same || !this._known) {
      this._known = true;
      this._changed.emit();
    }
  }

  private _pace(): void {
    const interval = this.running.length ? FAST : SLOW;
    if (this._poll.frequency.interval !== interval) {
      this._poll.frequency = { ...this._poll.frequency, interval };
    }
  }

  private readonly _client: Client;
  private readonly _events: IOperationsOptions['events'];
  protected readonly _poll: Poll;
  private readonly _began = new Signal<this, IOperation>(this);
  private readonly _ended = new Signal<this, IOperation>(this);
  private _list: IOperation[] = [];
  private _error: ApiError | null = null;
  private _known = false;
  private _turn = 0;
}

function order(a: IOperation, b: IOperation): number {
  const rank = (operation: IOperation) =>
    operation.state === 'running' ? 0 : 1;
  return rank(a) - rank(b) || b.started.localeCompare(a.started);
}

/** Whether it only looks what it would do: its end is no news, its result a plan. */
export function isPreview({ verb, params }: IOperation): boolean {
  return params.dry_run === true || (verb === 'env.gc' && params.yes !== true);
}

/** Verbs whose dialog stays open until they have ended. */
const AWAITED = new Set(['env.add_source', 'env.remove_source']);

/** Whether a dialog says how it ended, and nothing else need: previews, and what it waits for. */
export function endsInDialog(operation: IOperation): boolean {
  return isPreview(operation) || AWAITED.has(operation.verb);
}

/** Between 0 and 1, by bytes where they are known, else by files; null: unknown. */
export function fraction(operation: IOperation): number | null {
  const { done, total } = operation;
  const [part, whole] = total.bytes
    ? [done.bytes, total.bytes]
    : [done.files, total.files];
  return whole ? Math.min(1, (part ?? 0) / whole) : null;
}

/** Percent, rounded down: 100 % is said only of what is done. */
export function percentOf(operation: IOperation): number | null {
  const part = fraction(operation);
  return part === null ? null : Math.floor(part * 100);
}
