import { Terminal } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';

import { ApiError } from '../api/request';

/** What the terminal shows, and what can be done about it. */
export type ShellState =
  | { kind: 'new' }
  | { kind: 'opening' }
  | { kind: 'open' }
  | { kind: 'broken' }
  | { kind: 'ended'; exitCode: number; signal: string }
  | { kind: 'failed'; error: ApiError }
  | { kind: 'taken' };

/** A state in JupyterLab's words; any other is `connecting`. */
export const STATUS: { [kind: string]: Terminal.ConnectionStatus } = {
  open: 'connected',
  ended: 'disconnected',
  failed: 'disconnected'
};

/** What became of a session, in one sentence. */
export function shellWords(
  state: ShellState,
  trans: TranslationBundle
): string {
  switch (state.kind) {
    case 'broken':
      return trans.__(
        'The connection to the Jupyter server broke off; the shell may still be there.'
      );
    case 'ended':
      return state.signal
        ? trans.__('The shell was ended by the signal %1.', state.signal)
        : trans.__(
            'The shell has ended with exit code %1.',
            String(state.exitCode)
          );
    case 'taken':
      return trans.__('This shell is shown in another tab now.');
    case 'failed':
      return state.error.message;
    default:
      return '';
  }
}
