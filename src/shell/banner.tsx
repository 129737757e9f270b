import { ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { ErrorBox } from '../dialogs/error';
import { ShellConnection } from './connection';
import { shellWords } from './state';

/** Above the terminal: what happened to its session, and what can be done about it. */
export class ShellBanner extends ReactWidget {
  constructor(
    private readonly _connection: ShellConnection,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('ma-ShellBanner');
    this._follow();
    _connection.stateChanged.connect(this._follow, this);
  }

  private _follow(): void {
    // A session that opens quickly, or works, needs no words.
    this.setHidden(['open', 'new'].includes(this._connection.state.kind));
    this.update();
  }

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
        {state.kind !== 'opening' && (
          <button
            type="button"
            className="ma-Button ma-primary"
            onClick={() => void this._connection.reconnect()}
          >
            {state.kind === 'ended'
              ? trans.__('New shell')
              : trans.__('Reconnect')}
          </button>
        )}
      </div>
    );
  }
}
