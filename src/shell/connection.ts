import { ServerConnection, Terminal } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';

import { JobClient } from '../api/jobClient';
import { INewShell, IShell } from '../api/jobTypes';
import { ApiError, asApiError } from '../api/request';
import { Channel, Message } from './channel';
import { ShellState, STATUS } from './state';

/** Pauses before each attempt to find a session again whose channel broke, in ms. */
const PAUSES = [300, 1000, 3000];
/** Clears the screen and all modes (RIS). */
const RESET = '\x1bc';
const GONE = 'shell_not_found';

/**
 * The session of one task, as JupyterLab's terminal widget expects one.
 *
 * It is opened when the widget tells its size for the first time, and never anywhere else than in
 * the task: what ends, ends with a message.
 */
export class ShellConnection implements Terminal.ITerminalConnection {
  /**
   * @param client - of the REST API.
   * @param where - what to open a shell in.
   * @param id - of a session to find again; none is opened then.
   */
  constructor(
    readonly client: JobClient,
    readonly where: INewShell,
    private _id?: string
  ) {
    this.name = where.task ?? where.job;
    this._find = _id !== undefined;
  }

  readonly name: string;

  /** Calls back when everything that was emitted has been drawn. */
  drawn: (done: () => void) => void = done => done();

  get model(): Terminal.IModel {
    return { name: this.name };
  }

  get serverSettings(): ServerConnection.ISettings {
    return this.client.settings;
  }

  get state(): ShellState {
    return this._state;
  }

  get stateChanged(): ISignal<this, ShellState> {
    return this._stateChanged;
  }

  get id(): string | undefined {
    return this._id;
  }

  get about(): IShell | null {
    return this._about;
  }

  get messageReceived(): ISignal<this, Terminal.IMessage> {
    return this._messageReceived;
  }

  get connectionStatusChanged(): ISignal<this, Terminal.ConnectionStatus> {
    return this._connectionStatusChanged;
  }

  get connectionStatus(): Terminal.ConnectionStatus {
    return STATUS[this._state.kind] ?? 'connecting';
  }

  get disposed(): ISignal<this, void> {
    return this._disposed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Let go of it; the session itself goes on for a while. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._leave();
    this._disposed.emit();
    Signal.clearData(this);
  }

  /** What the terminal says: keys, or its size. */
  send(message: Terminal.IMessage): void {
    const { type, content } = message;
    if (type === 'set_size' && content) {
      this._resize(Number(content[0]), Number(content[1]));
    } else if (type === 'stdin' && content) {
      this._type(String(content[0]));
    }
  }

  /** A new session where the old one has ended; the old one where only the channel broke. */
  async reconnect(): Promise<void> {
    const { kind } = this._state;
    if (kind === 'open' || kind === 'opening') {
      return;
    }
    this._find = this._id !== undefined;
    await this._begin();
  }

  /** Hang up. */
  async shutdown(): Promise<void> {
    const id = this._id;
    this._id = undefined;
    this.dispose();
    if (id) {
      await this.client.closeShell(id).catch(() => undefined);
    }
  }

  private async _begin(): Promise<void> {
    this._leave();
    this._early = '';
    this._set({ kind: 'opening' });
    try {
      let again = false;
      if (this._find && this._id) {
        this._about = await this.client.shell(this._id);
        again = true;
      } else {
        this._received = 0;
        this._told = this._size;
        const shell = await this.client.openShell({
          ...this.where,
          ...this._told
        });
        if (this._isDisposed) {
          // The tab was closed meanwhile.
          await this.client.closeShell(shell.id).catch(() => undefined);
          return;
        }
        this._about = shell;
        this._id = shell.id;
      }
      if (!this._isDisposed) {
        this._join(again);
      }
    } catch (reason) {
      const error = asApiError(reason);
      if (error.code === GONE) {
        this._id = undefined;
      } else if (this._id && this._tries < PAUSES.length) {
        this._broke();
        return;
      }
      this._set({ kind: 'failed', error });
    }
  }

  /** Open the channel. @param again - it is not the first time: the server's size may be old. */
  private _join(again: boolean): void {
    const offset = this._received || undefined;
    const channel: Channel = new Channel(
      this.client.channel(this._id!, offset),
      {
        opened: () => {
          this._tries = 0;
          if (again || this._told !== this._size) {
            channel.resize(this._size);
          }
        },
        told: message => this._hear(message),
        output: data => this._show(channel, data),
        broke: () => this._broke()
      }
    );
    this._channel = channel;
  }

  private _hear(message: Message): void {
    switch (message.type) {
      case 'attached':
        this._decoder = new TextDecoder();
        if (message.offset !== this._received) {
          // What is here does not join what follows.
          this.say(RESET);
          this._received = message.offset;
        }
        this._set({ kind: 'open' });
        this._type(this._early);
        this._early = '';
        break;
      case 'ended':
        this._over({
          kind: 'ended',
          exitCode: message.exit_code,
          signal: message.signal
        });
        break;
      case 'lost':
        this._over({ kind: 'failed', error: new ApiError(message.error, 502) });
        break;
      case 'taken':
        this._leave();
        this._set({ kind: 'taken' });
    }
  }

  private _over(state: ShellState): void {
    this._leave();
    this._id = undefined;
    this._set(state);
  }

  private _show(channel: Channel, data: Uint8Array): void {
    this._received += data.byteLength;
    this.say(this._decoder.decode(data, { stream: true }));
    // The server sends on only when this has been drawn: nobody holds what nobody has seen.
    this.drawn(() => channel.shown(data.byteLength));
  }

  /** The channel broke off: the session is looked for again, a few times. */
  private _broke(): void {
    this._leave();
    this._set({ kind: 'broken' });
    const pause = PAUSES[this._tries++];
    if (pause !== undefined && !this._isDisposed) {
      this._timer = window.setTimeout(() => void this.reconnect(), pause);
    }
  }

  private _resize(rows: number, columns: number): void {
    if (!(rows > 0 && columns > 0)) {
      return;
    }
    const same = rows === this._size.rows && columns === this._size.columns;
    this._size = same ? this._size : { rows, columns };
    if (this._state.kind === 'new') {
      void this._begin();
    } else if (!same) {
      this._channel?.resize(this._size);
    }
  }

  private _type(text: string): void {
    if (this._state.kind === 'open') {
      this._channel?.type(text);
    } else if (this._state.kind === 'opening') {
      this._early += text;
    }
  }

  /** Show words of our own among those of the session. */
  say(text: string): void {
    if (text) {
      this._messageReceived.emit({ type: 'stdout', content: [text] });
    }
  }

  private _leave(): void {
    window.clearTimeout(this._timer);
    this._channel?.close();
    this._channel = null;
  }

  private _set(state: ShellState): void {
    if (!this._isDisposed) {
      this._state = state;
      this._stateChanged.emit(state);
      this._connectionStatusChanged.emit(this.connectionStatus);
    }
  }

  private readonly _stateChanged = new Signal<this, ShellState>(this);
  private readonly _messageReceived = new Signal<this, Terminal.IMessage>(this);
  private readonly _connectionStatusChanged = new Signal<
    this,
    Terminal.ConnectionStatus
  >(this);
  private readonly _disposed = new Signal<this, void>(this);
  private _state: ShellState = { kind: 'new' };
  private _about: IShell | null = null;
  private _find: boolean;
  private _size = { rows: 24, columns: 80 };
  /** The size that the session was opened with. */
  private _told = this._size;
  private _channel: Channel | null = null;
  private _decoder = new TextDecoder();
  private _received = 0;
  private _tries = 0;
  private _early = '';
  private _timer = 0;
  private _isDisposed = false;
}
