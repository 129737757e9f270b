import React from 'react';

import { IOffered, ISource } from '../../api/sealedTypes';
import { Params } from '../../api/types';
import { doneOf } from '../../operations/wait';
import { problemWord, unfitWord } from '../../sealed/sentences';
import { acceleratorWord, whyWord } from '../../sealed/words';
import { IModelArtsNb } from '../../tokens';
import { minor } from '../../words';
import { askClone } from '../clone';
import { TextField } from '../fields';
import { askForm } from '../form';
import { Loaded } from '../loaded';

/** Folders of others with sealed environments: add one, clone from it, let it go. */
export async function showSources(nb: IModelArtsNb): Promise<void> {
  const { trans, client, operations } = nb;
  const change = (
    verb: 'env.add_source' | 'env.remove_source',
    params: Params
  ) => doneOf(operations, verb, params, trans.__('The list was not changed.'));
  // A button among the sources was pressed instead of the dialog's.
  let clone = '';
  let remove = '';
  const accepted = await askForm({
    title: trans.__('Shared Environments'),
    accept: trans.__('Add Folder'),
    dismiss: trans.__('Close'),
    trans,
    initial: { path: '' },
    problem: ({ path }) =>
      clone || remove || path.trim().startsWith('/')
        ? null
        : path.trim()
          ? trans.__('Name the folder from / on.')
          : '',
    submit: async ({ path }) => {
      const gone = remove;
      remove = '';
      if (gone) {
        await change('env.remove_source', { source: gone });
      } else if (!clone) {
        await change('env.add_source', { path: path.trim() });
      }
    },
    fields: ({ value, set, submit }) => (
      <>
        <p>
          {trans.__(
            'Sealed environments of a team mate or a team, in a folder that can be read here. A clone of one takes next to no room: its images stay where they are.'
          )}
        </p>
        <Loaded nb={nb} load={() => client.sources()}>
          {sources => (
            <Sources
              nb={nb}
              sources={sources}
              onClone={source => {
                clone = source;
                submit();
              }}
              onRemove={path => {
                remove = path;
                submit();
              }}
            />
          )}
        </Loaded>
        <TextField
          label={trans.__('Another folder')}
          value={value.path}
          placeholder="/home/ma-user/team"
          help={trans.__(
            'A disk like yours, or its folder envs. What is shared is code of whoever made it: add only whom you trust.'
          )}
          onChange={path => set({ path })}
          first
        />
      </>
    )
  });
  if (!accepted) {
    return;
  }
  if (clone) {
    await askClone(nb, { source: clone });
  } else {
    // What came or went is seen in the same list.
    await showSources(nb);
  }
}

interface ISourcesProps {
  nb: IModelArtsNb;
  sources: readonly ISource[];
  onClone: (source: string) => void;
  onRemove: (path: string) => void;
}

function Sources(props: ISourcesProps): React.ReactElement {
  const { nb, sources, onClone, onRemove } = props;
  const { trans } = nb;
  if (!sources.length) {
    return <p className="ma-muted">{trans.__('No folder was added yet.')}</p>;
  }
  return (
    <div className="ma-Sources">
      {sources.map(source => (
        <section key={source.path} aria-label={source.name}>
          <div className="ma-Sources-head">
            <h3>{source.name}</h3>
            <span className="ma-muted" title={source.path}>
              {source.path}
            </span>
            <button
              type="button"
              className="ma-Button ma-link"
              aria-label={trans.__('Let go of %1', source.name)}
              onClick={() => onRemove(source.path)}
            >
              {trans.__('Let go')}
            </button>
          </div>
          {source.problem && (
            <p className="ma-strong" title={source.problem}>
              {problemWord(source.problem, trans)}
            </p>
          )}
          {!source.problem && !source.environments.length && (
            <p className="ma-muted">{trans.__('There is nothing in it.')}</p>
          )}
          <ul>
            {source.environments.map(offered => (
              <Offer
                key={offered.name}
                nb={nb}
                offered={offered}
                onClone={() => onClone(offered.name)}
              />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function Offer(props: {
  nb: IModelArtsNb;
  offered: IOffered;
  onClone: () => void;
}): React.ReactElement {
  const { nb, offered, onClone } = props;
  const { trans, format } = nb;
  const { name, python, unfit } = offered;
  const short = name.slice(name.indexOf(':') + 1);
  return (
    <li className="ma-Offer">
      <div>
        <strong className="ma-strong">{short}</strong>{' '}
        <span className="ma-Badge">v{offered.number}</span>
        <div className="ma-muted">
          {[
            python ? `Python ${minor(python)}` : '',
            format.bytes(offered.size),
            acceleratorWord(offered.accelerator, trans),
            whyWord(offered.why, trans) || offered.highlights.join(' · ')
          ]
            .filter(Boolean)
            .join(' · ')}
        </div>
        {unfit && <div title={unfit}>{unfitWord(unfit, trans)}</div>}
      </div>
      <button
        type="button"
        className="ma-Button"
        aria-label={trans.__('Clone %1', short)}
        disabled={Boolean(unfit)}
        onClick={onClone}
      >
        {trans.__('Clone…')}
      </button>
    </li>
  );
}
