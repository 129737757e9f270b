import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { ApiError } from '../api/request';
import { IDisk, IStatus } from '../api/types';
import { CommandIDs } from '../commands';
import { Technical } from '../dialogs/error';
import {
  diskReason,
  errorHint,
  errorTitle,
  readsEnglish
} from '../serverWords';
import { usePanel, useRun, useSignal } from './context';
import { SaveButton, useUnsaved, useUnsavedWords } from './unsaved';

/** The one question: what survives a restart? */
export function Banner({ status }: { status: IStatus }): React.ReactElement {
  const { trans } = usePanel();
  const run = useRun();
  const registered = useRegistered();
  const unsaved = useUnsaved();
  const unsavedWords = useUnsavedWords(unsaved);
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
        <p className="ma-muted">{diskReason(disk, trans)}</p>
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
        {unsaved.length > 0 && (
          <p>
            {unsavedWords} <SaveButton unsaved={unsaved} second />
          </p>
        )}
        <Hook status={status} />
      </Line>
    );
  }
  if (unsaved.length > 0) {
    return (
      <Line
        kind="warn"
        text={unsavedWords}
        action={<SaveButton unsaved={unsaved} />}
      >
        <p className="ma-muted">
          {trans.__('They are only in this container: a restart takes them.')}
        </p>
        <Hook status={status} />
      </Line>
    );
  }
  const back = comesBack(status, registered);
  if (back === 'refused' || back === 'failed') {
    return (
      <Line
        kind={back === 'refused' ? 'bad' : 'warn'}
        text={
          back === 'refused'
            ? trans.__('The hook refused to run')
            : trans.__('Not everything came back')
        }
      >
        <Hook status={status} />
      </Line>
    );
  }
  return back === 'by hand' ? (
    <Line
      kind="warn"
      text={trans.__('Environments survive a restart, kernels do not yet')}
    >
      <Hook status={status} />
    </Line>
  ) : (
    <Line kind="good" text={trans.__('Restart-safe')}>
      <Hook status={status} />
    </Line>
  );
}

/** Whether the platform will run our hook, by the cloud's word; null: it does not say. */
function useRegistered(): boolean | null {
  const { cloud } = usePanel();
  return useSignal(
    cloud.changed,
    () => cloud.view.hook?.registration?.registered ?? null
  );
}

/** Whether what survives also comes back, and by itself. */
type Back = 'ran' | 'installed' | 'by hand' | 'failed' | 'refused';

function comesBack(
  { hook, restore }: IStatus,
  registered: boolean | null
): Back {
  if (restore?.ran && !restore.ok) {
    // Files that are not the installed ones are never run.
    return restore.lines.some(
      line => line.state === 'failed' && line.detail.startsWith('refused')
    )
      ? 'refused'
      : 'failed';
  }
  // What the cloud says of the next start counts more than what lies on the disk.
  if (!hook?.installed || registered === false) {
    return 'by hand';
  }
  return restore?.ran ? 'ran' : 'installed';
}

function someOf(names: string[], trans: TranslationBundle): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3
    ? trans.__('%1 and %2 more', shown, names.length - 3)
    : shown;
}

/** What is known of the hook, and the one click that mends it. */
function Hook({ status }: { status: IStatus }): React.ReactElement {
  const { trans, format } = usePanel();
  const run = useRun();
  const { restore } = status;
  const registered = useRegistered();
  const back = comesBack(status, registered);
  const act = (label: string, command: string) => (
    <button
      type="button"
      className="ma-Button ma-link"
      onClick={() => run(command)}
    >
      {label}
    </button>
  );
  const ran = restore?.ran ? (
    <span title={format.exact(restore.ran)}>
      {status.hook?.installed
        ? trans.__('hook ran %1', format.day(restore.ran))
        : trans.__('restored %1', format.day(restore.ran))}
    </span>
  ) : null;
  switch (back) {
    case 'ran':
      return <p className="ma-muted">{ran}</p>;
    case 'installed':
      return (
        <p className="ma-muted">
          {registered
            ? trans.__('The hook is installed; it runs at the next start.')
            : trans.__(
                'The hook is on the disk; it runs at the next start if it is registered.'
              )}{' '}
          {!registered &&
            act(trans.__('What to paste…'), CommandIDs.showHookCommand)}
        </p>
      );
    case 'by hand':
      return (
        <>
          {ran && <p className="ma-muted">{ran}</p>}
          <p>
            {trans.__('Kernels do not come back by themselves yet.')}{' '}
            {act(trans.__('Install the hook'), CommandIDs.installHook)}
          </p>
        </>
      );
    default:
      return (
        <>
          {back === 'failed' && <p className="ma-muted">{ran}</p>}
          <p>
            {back === 'refused'
              ? trans.__(
                  'A file on the disk is not the one that was installed. If you trust this disk, install the hook again.'
                )
              : trans.__('Some of it could not be restored.')}{' '}
            {back === 'refused'
              ? act(trans.__('Install the hook'), CommandIDs.installHook)
              : act(trans.__('Restore again'), CommandIDs.restoreNow)}
          </p>
          <Technical
            trans={trans}
            text={(restore?.lines ?? [])
              .filter(line => line.state === 'failed')
              .map(line => `${line.what}: ${line.detail}`)
              .join('\n')}
          />
        </>
      );
  }
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
      {error && readsEnglish(trans) && <p>{error.message}</p>}
      <p>
        {(error && errorHint(error, trans)) ||
          trans.__(
            'Set MODELARTS_NB_DISK (PersistentDisk.root) to the folder that survives a restart, then restart the server.'
          )}
      </p>
      {error && !readsEnglish(trans) && (
        <Technical text={error.message} trans={trans} />
      )}
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
