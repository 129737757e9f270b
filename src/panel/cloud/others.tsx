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
import { ISearch, matches, Searchable } from '../search';
import { CloudRow } from './row';
import { useStates } from './states';

interface IOthersProps {
  notebooks: readonly INotebook[];
  all: readonly INotebook[];
  search: ISearch;
}

/** The user's other notebooks. */
export function Others(props: IOthersProps): React.ReactElement {
  const { notebooks, all, search } = props;
  const { trans, cloud } = usePanel();
  const run = useRun();
  const stateOf = useStates();
  const found = notebooks.filter(({ name, id, flavor, image, description }) =>
    matches(search, [name, id, flavor, image.name, description])
  );
  const roving = useRoving(found.map(item => item.id));
  return (
    <Searchable
      search={search}
      roving={roving}
      label={trans.__('Search notebooks')}
      placeholder={trans.__('Name, flavor or image')}
      none={found.length === 0}
      heading={
        <h3 id="ma-others-title" className="ma-Divider">
          {trans.__('other notebooks')}
        </h3>
      }
    >
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
    </Searchable>
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
