import React from 'react';

import { INotebook } from '../../api/cloudTypes';
import {
  canStart,
  canStop,
  notebookDot,
  notebookRef,
  notebookState
} from '../../cloud/words';
import { CommandIDs } from '../../commands';
import { dotWord } from '../../words';
import { usePanel, useRun } from '../context';
import { Entry } from '../menu';
import { useRoving } from '../roving';
import { CloudRow } from './row';
import { useStates } from './states';

interface IOthersProps {
  notebooks: readonly INotebook[];
  all: readonly INotebook[];
  searching: boolean;
  onSearch: (searching: boolean) => void;
}

/** The user's other notebooks. */
export function Others(props: IOthersProps): React.ReactElement {
  const { notebooks, all, searching, onSearch } = props;
  const { trans, cloud } = usePanel();
  const run = useRun();
  const stateOf = useStates();
  const list = React.useRef<HTMLDivElement>(null);
  const [wanted, setWanted] = React.useState('');
  const word = searching ? wanted.trim().toLowerCase() : '';
  const found = notebooks.filter(item =>
    [item.name, item.id, item.flavor, item.image.name, item.description]
      .join(' ')
      .toLowerCase()
      .includes(word)
  );
  const roving = useRoving(found.map(item => item.id));
  const stop = () => {
    onSearch(false);
    setWanted('');
    // The row that has the tab stop exists again only after drawing.
    requestAnimationFrame(() =>
      list.current
        ?.querySelector<HTMLElement>('[data-row][tabindex="0"]')
        ?.focus()
    );
  };
  return (
    <div
      ref={list}
      role="presentation"
      onFocus={roving.onFocus}
      onKeyDown={event => {
        const typing = (event.target as HTMLElement).closest('input');
        if (event.key === '/' && !typing) {
          event.preventDefault();
          onSearch(true);
        } else if (event.key === 'Escape' && searching) {
          event.preventDefault();
          stop();
        } else if (event.key === 'ArrowDown' && typing) {
          event.preventDefault();
          list.current?.querySelector<HTMLElement>('[data-row]')?.focus();
        } else {
          roving.onKeyDown(event);
        }
      }}
    >
      <h3 id="ma-others-title" className="ma-Divider">
        {trans.__('other notebooks')}
      </h3>
      {searching && (
        <input
          type="search"
          className="jp-mod-styled ma-Search"
          aria-label={trans.__('Search notebooks')}
          placeholder={trans.__('Name, flavor or image')}
          value={wanted}
          // The field appears because the user asked for it.
          // eslint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          onChange={event => setWanted(event.target.value)}
        />
      )}
      {found.length === 0 && (
        <p className="ma-Empty">{trans.__('Nothing matches.')}</p>
      )}
      <ul className="ma-List" aria-labelledby="ma-others-title">
        {found.map(item => {
          const status = stateOf(item);
          const dot = notebookDot({ status });
          const ref = notebookRef(item, cloud.view.mine?.id, all);
          const about = ref === undefined ? {} : { notebook: ref };
          const [command, label] =
            canStop(item) || !canStart(item)
              ? [CommandIDs.stopNotebook, trans.__('Stop…')]
              : [CommandIDs.startNotebook, trans.__('Start…')];
          return (
            <CloudRow
              key={item.id}
              id={item.id}
              name={item.name}
              dot={dot}
              state={dot === 'attention' ? dotWord(dot, trans) : ''}
              fact={notebookState(status, trans)}
              more={
                item.fail_reason ||
                [item.flavor, item.image.name].filter(Boolean).join(' · ')
              }
              hover={[item.id, item.description].filter(Boolean).join('\n')}
              current={item.id === roving.current}
              primary={
                dot === 'working'
                  ? undefined
                  : { label, run: () => run(command, about) }
              }
              menu={menuOf(item, about)}
            />
          );
        })}
      </ul>
    </div>
  );
}

function menuOf(item: INotebook, about: { notebook?: string }): Entry[] {
  return [
    canStart(item)
      ? [CommandIDs.startNotebook, about]
      : [CommandIDs.stopNotebook, about],
    ...((item.status === 'RUNNING'
      ? [[CommandIDs.keepAlive, about]]
      : []) as Entry[]),
    null,
    [CommandIDs.setupSsh, about],
    [CommandIDs.showSsh, about],
    [CommandIDs.checkSsh, about]
  ];
}
