import { ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import React from 'react';

import { ErrorBox } from '../dialogs/error';
import { ShellConnection } from './connection';
import { shellWords } from './state';

/** Above the terminal: what happened to its session, and what can be done about it. */
export class ShellBanner extends ReactWidget {
  constructor(
    private readonly _connection: ShellConnection,
    private readonly _trans: TranslationBundle,
    private readonly _onReconnect: () => void
  ) {
    super();
    this.addClass('ma-ShellBanner');
    this._follow();
    _connection.stateChanged.connect(this._follow, this);
  }

  private _follow(): void {
    this.setHidden(
      ['open', 'new', 'opening'].includes(this._connection.state.kind)
    );
    this.update();
  }

  protected override onUpdateRequest(msg: Message): void {
    super.onUpdateRequest(msg);
    // Lumino gives it the height that it asks for, which is known when it is drawn.
    void this.renderPromise?.then(() => {
      const line = this.node.firstElementChild as HTMLElement | null;
      this.node.style.minHeight = `${line?.offsetHeight ?? 0}px`;
      this.parent?.fit();
    });
  }

  protected override onResize(msg: Widget.ResizeMessage): void {
    super.onResize(msg);
    if (msg.width !== this._width) {
      // Its lines may be more now, or fewer.
      this._width = msg.width;
      this.update();
    }
  }

  private _width = -1;

  protected render(): React.ReactElement {
    const { state } = this._connection;
    const trans = this._trans;
    return (
      <div
        className="ma-ShellBanner-line"
        // An error is announced by itself.
        role={state.kind === 'failed' ? undefined : 'status'}
      >
        {state.kind === 'failed' ? (
          <ErrorBox error={state.error} trans={trans} />
        ) : (
          <span>{shellWords(state, trans)}</span>
        )}
        <button
          type="button"
          className="ma-Button ma-primary"
          onClick={() => {
            void this._connection.reconnect();
            this._onReconnect();
          }}
        >
          {state.kind === 'ended'
            ? trans.__('New shell')
            : trans.__('Reconnect')}
        </button>
      </div>
    );
  }
}
