import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { ApiError } from '../api/request';
import { IDisk, IStatus } from '../api/types';
import { CommandIDs } from '../commands';
import { errorHint, errorTitle } from '../words';
import { usePanel, useRun } from './context';

/** The one question: what survives a restart? */
export function Banner({ status }: { status: IStatus }): React.ReactElement {
  const { trans } = usePanel();
  const run = useRun();
  const { disk, lost } = status;
  if (disk.error || !disk.exists) {
    return <NoDisk disk={disk} />;
  }
  if (!disk.survives) {
    return (
      <Line kind="bad" text={trans.__('Nothing here survives a restart')}>
        <p>
          {trans.__(
            '%1 belongs to the container, not to a disk of its own. Mount one there, or set MODELARTS_NB_DISK (PersistentDisk.root) to a folder on one.',
            disk.root
          )}
        </p>
        {disk.reason && <p className="ma-muted">{disk.reason}</p>}
      </Line>
    );
  }
  if (lost.length > 0) {
    return (
      <Line
        kind="warn"
        text={trans._n(
          '%1 environment would be lost',
          '%1 environments would be lost',
          lost.length
        )}
        action={
          <button
            type="button"
            className="ma-Button ma-primary"
            onClick={() => run(CommandIDs.keepAll)}
          >
            {lost.length === 1 ? trans.__('Keep it') : trans.__('Keep…')}
          </button>
        }
      >
        <p className="ma-muted">{someOf(lost, trans)}</p>
        <Hook status={status} />
      </Line>
    );
  }
  return (
    <Line kind="good" text={trans.__('Restart-safe')}>
      <Hook status={status} />
    </Line>
  );
}

function someOf(names: string[], trans: TranslationBundle): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3
    ? trans.__('%1 and %2 more', shown, names.length - 3)
    : shown;
}

/** Whether what survives also comes back by itself. */
function Hook({ status }: { status: IStatus }): React.ReactElement | null {
  const { trans, format } = usePanel();
  const run = useRun();
  const { hook, restore } = status;
  if (restore?.ran) {
    const when = format.day(restore.ran);
    return (
      <p className="ma-muted" title={format.exact(restore.ran)}>
        {restore.ok
          ? trans.__('hook ran %1', when)
          : trans.__('hook ran %1, not everything came back', when)}
      </p>
    );
  }
  if (hook?.installed) {
    return (
      <p className="ma-muted">
        {trans.__('The hook is installed; it runs at the next start.')}
      </p>
    );
  }
  return (
    <p>
      {trans.__('Kernels do not come back by themselves yet.')}{' '}
      <button
        type="button"
        className="ma-Button ma-link"
        onClick={() => run(CommandIDs.installHook)}
      >
        {trans.__('Install the hook')}
      </button>
    </p>
  );
}

function NoDisk({ disk }: { disk: IDisk }): React.ReactElement {
  const { trans } = usePanel();
  const error = disk.error ? new ApiError(disk.error, 503) : null;
  return (
    <Line
      kind="bad"
      text={
        error
          ? errorTitle(error, trans)
          : trans.__('The persistent disk is not there.')
      }
    >
      {error && <p>{error.message}</p>}
      <p>
        {(error && errorHint(error, trans)) ||
          trans.__(
            'Set MODELARTS_NB_DISK (PersistentDisk.root) to the folder that survives a restart, then restart the server.'
          )}
      </p>
    </Line>
  );
}

interface ILineProps {
  kind: 'good' | 'warn' | 'bad';
  text: string;
  action?: React.ReactNode;
  children?: React.ReactNode;
}

const MARKS = { good: '✔', warn: '▲', bad: '✖' };

export function Line(props: ILineProps): React.ReactElement {
  return (
    <div className={`ma-Banner ma-${props.kind}`} role="status">
      <div className="ma-Banner-line">
        <span className="ma-Banner-mark" aria-hidden="true">
          {MARKS[props.kind]}
        </span>
        <strong>{props.text}</strong>
        {props.action}
      </div>
      <div className="ma-Banner-more">{props.children}</div>
    </div>
  );
}
