import React from 'react';

import { INotebook } from '../../api/cloudTypes';
import { notebookDot, notebookState } from '../../cloud/words';
import { CommandIDs } from '../../commands';
import { usePanel, useRun } from '../context';
import { Entry } from '../menu';
import { MenuButton } from '../menuButton';
import { SearchButton, useSearch } from '../search';
import { IFold, Section } from '../section';
import { HookLine } from './hook';
import { Others } from './others';
import { PartErrors, Reading, useCloud, useSecondsLeft } from './parts';
import { useStates } from './states';

/** Under this many seconds the time left is in bold. */
const SHORT = 30 * 60;

/** This instance, its lease and its hook; the user's other notebooks. */
export function NotebookSection(props: IFold): React.ReactElement {
  const { open, onToggle } = props;
  const { trans, format } = usePanel();
  const { view, error } = useCloud();
  const left = useSecondsLeft();
  const search = useSearch();
  const { mine, notebooks, status } = view;
  const others = (notebooks ?? []).filter(item => item.id !== mine?.id);
  return (
    <Section
      id="notebook"
      title={trans.__('Notebook')}
      summary={
        left === null
          ? (mine?.name ?? '')
          : trans.__('%1 left', format.countdown(left))
      }
      open={open}
      onToggle={onToggle}
      actions={
        others.length > 0 && (
          <SearchButton search={search} label={trans.__('Search notebooks')} />
        )
      }
    >
      {status?.kind === 'local' && (
        <p className="ma-Empty ma-Local">
          {trans.__('Of the local cloud on this machine, not the real one.')}
        </p>
      )}
      {mine ? (
        <Mine notebook={mine} left={left} />
      ) : status && !status.instance ? (
        <p className="ma-Empty">
          {trans.__(
            'Which of the notebooks this is, is not known: set INSTANCE_ID (or Cloud.instance) to its id, then restart the server.'
          )}
        </p>
      ) : (
        !notebooks && !error('mine') && <Reading />
      )}
      {others.length > 0 && (
        <Others notebooks={others} all={notebooks ?? []} search={search} />
      )}
      <PartErrors parts={['mine', 'notebooks', 'hook']} />
    </Section>
  );
}

const MINE_MENU: Entry[] = [
  [CommandIDs.keepAlive],
  [CommandIDs.stopNotebook],
  null,
  [CommandIDs.installHook],
  [CommandIDs.removeHook],
  [CommandIDs.showHookCommand]
];

function Mine(props: {
  notebook: INotebook;
  left: number | null;
}): React.ReactElement {
  const { notebook, left } = props;
  const { trans, format } = usePanel();
  const run = useRun();
  const status = useStates()(notebook);
  const { lease } = notebook;
  const machine = [notebook.flavor, notebook.image.name]
    .filter(Boolean)
    .join(' · ');
  return (
    <div className="ma-Instance">
      <div className="ma-Instance-line">
        <span
          className="ma-Dot"
          data-dot={notebookDot({ status })}
          aria-hidden="true"
        />
        <strong className="ma-Row-name" title={notebook.id}>
          {notebook.name}
        </strong>
        <span className="ma-muted">{notebookState(status, trans)}</span>
        <MenuButton
          label={trans.__('More for %1', notebook.name)}
          entries={MINE_MENU}
        />
      </div>
      <p className="ma-Instance-more ma-muted" title={machine}>
        {machine}
      </p>
      {notebook.fail_reason && (
        <p className="ma-Instance-more">{notebook.fail_reason}</p>
      )}
      <div className="ma-Instance-line ma-Lease">
        <span
          role="timer"
          aria-label={trans.__('Time left of the lease')}
          className={
            left !== null && left < SHORT ? 'ma-number ma-strong' : 'ma-number'
          }
          title={
            lease?.ends
              ? trans.__('Stops by itself: %1', format.exact(lease.ends))
              : undefined
          }
        >
          {left === null
            ? trans.__('does not stop by itself')
            : lease?.kind === 'IDLE'
              ? trans.__('%1 left, counted while idle', format.countdown(left))
              : trans.__('%1 left', format.countdown(left))}
        </span>
        {left !== null && (
          <button
            type="button"
            className="ma-Button"
            onClick={() => run(CommandIDs.keepAlive)}
          >
            {trans.__('Keep alive…')}
          </button>
        )}
      </div>
      <HookLine />
    </div>
  );
}
