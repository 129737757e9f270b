/** Bytes: in one message, and typed ahead of what the container has taken. */
const PIECE = 16 << 10;
const AHEAD = 64 << 10;

/** What the server says besides the terminal's bytes. */
export type Message =
  | { type: 'attached'; offset: number }
  | { type: 'took'; bytes: number }
  | { type: 'ended'; exit_code: number; signal: string }
  | { type: 'lost'; error: { code: string; message: string; hint?: string } }
  | { type: 'taken' };

export interface IListener {
  opened(): void;
  told(message: Message): void;
  output(data: Uint8Array): void;
  /** It was closed, and not by us. */
  broke(): void;
}

/**
 * The websocket of one session.
 *
 * Both directions wait for each other: what is typed for the container, output for the screen.
 */
export class Channel {
  constructor(
    private readonly _socket: WebSocket,
    listener: IListener
  ) {
    _socket.binaryType = 'arraybuffer';
    _socket.onopen = () => listener.opened();
    _socket.onclose = () => {
      if (!this._left) {
        listener.broke();
      }
    };
    _socket.onmessage = (event: MessageEvent<ArrayBuffer | string>) => {
      if (this._left) {
        return;
      }
      if (typeof event.data !== 'string') {
        listener.output(new Uint8Array(event.data));
        return;
      }
      const message = JSON.parse(event.data) as Message;
      if (message.type === 'took') {
        this._ahead = Math.max(0, this._ahead - message.bytes);
        this._flush();
      }
      listener.told(message);
    };
  }

  type(text: string): void {
    if (text) {
      this._keys.push(new TextEncoder().encode(text));
      this._flush();
    }
  }

  resize(size: { rows: number; columns: number }): void {
    this._tell({ type: 'resize', ...size });
  }

  /** So many bytes more are on the screen: the server may send as many more. */
  shown(bytes: number): void {
    this._tell({ type: 'shown', bytes });
  }

  /** Leave it; nothing is heard of it any more. */
  close(): void {
    this._left = true;
    this._keys = [];
    this._socket.close();
  }

  /** Send of what was typed as much as the container may be behind. */
  private _flush(): void {
    while (this._keys.length && this._ahead < AHEAD) {
      const first = this._keys[0];
      const piece = first.subarray(0, PIECE);
      if (piece.byteLength < first.byteLength) {
        this._keys[0] = first.subarray(PIECE);
      } else {
        this._keys.shift();
      }
      this._ahead += piece.byteLength;
      this._send(piece);
    }
  }

  private _tell(message: object): void {
    this._send(JSON.stringify(message));
  }

  private _send(data: string | Uint8Array): void {
    if (this._socket.readyState === WebSocket.OPEN) {
      this._socket.send(data);
    }
  }

  private _keys: Uint8Array[] = [];
  private _ahead = 0;
  private _left = false;
}
