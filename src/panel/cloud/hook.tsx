import React from 'react';

import { IHookStatus } from '../../api/cloudTypes';
import { CommandIDs } from '../../commands';
import { usePanel, useRun } from '../context';
import { useCloud } from './parts';

/** What the next start will run, by the cloud's own word. */
type Next = 'runs' | 'old' | 'not' | 'unseen';

function nextStart({ registration }: IHookStatus): Next {
  if (!registration || registration.registered === null) {
    return 'unseen';
  }
  return !registration.registered
    ? 'not'
    : registration.current === false
      ? 'old'
      : 'runs';
}

/** Whether the platform runs our hook, and the one click that has it do so. */
export function HookLine(): React.ReactElement | null {
  const { trans } = usePanel();
  const run = useRun();
  const { hook } = useCloud().view;
  if (!hook) {
    return null;
  }
  const next = nextStart(hook);
  const words = {
    runs: trans.__('The next start runs the restart hook.'),
    old: trans.__('The next start runs an older hook of ours.'),
    not: trans.__('The next start does not run the restart hook.'),
    unseen: hook.installed
      ? trans.__('Whether the next start runs the hook is not shown.')
      : trans.__('The restart hook is not installed.')
  };
  const others = hook.registration?.others ?? [];
  const installs = next === 'not' || next === 'old' || !hook.installed;
  return (
    <p
      className="ma-Instance-hook ma-muted"
      title={
        others.length
          ? [trans.__('Also registered, and kept:'), ...others].join('\n')
          : undefined
      }
    >
      {words[next]}{' '}
      {installs ? (
        <button
          type="button"
          className="ma-Button ma-link"
          onClick={() => run(CommandIDs.installHook)}
        >
          {next === 'old' ? trans.__('Renew it') : trans.__('Register it')}
        </button>
      ) : (
        next === 'unseen' && (
          <button
            type="button"
            className="ma-Button ma-link"
            onClick={() => run(CommandIDs.showHookCommand)}
          >
            {trans.__('What to paste…')}
          </button>
        )
      )}
    </p>
  );
}
