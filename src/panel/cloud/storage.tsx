import { addIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { IMachine, IStorage } from '../../api/cloudTypes';
import { IOperation } from '../../api/types';
import { tidy } from '../../cloud/paths';
import {
  categoryWord,
  shortSource,
  storageDot,
  storageState
} from '../../cloud/words';
import { CommandIDs } from '../../commands';
import { usePanel, useRun, useSignal } from '../context';
import { Bar } from '../disk';
import { IconButton } from '../iconButton';
import { Entry } from '../menu';
import { MenuButton } from '../menuButton';
import { useRoving } from '../roving';
import { IFold, Section } from '../section';
import { PartErrors, Reading, useCloud } from './parts';
import { CloudRow } from './row';

/** What is mounted under /data: the cloud's word and the machine's. */
export function StorageSection(props: IFold): React.ReactElement {
  const { open, onToggle } = props;
  const { trans, operations } = usePanel();
  const run = useRun();
  const { view, error } = useCloud();
  const running = useSignal(operations.changed, () => operations.running);
  const storages = withWork(view.storages ?? [], running);
  const roving = useRoving(storages.map(keyOf));
  const unknown = view.status !== null && !view.status.instance;
  return (
    <Section
      id="storage"
      title={trans.__('Storage')}
      count={storages.length || undefined}
      open={open}
      onToggle={onToggle}
      actions={
        <>
          <IconButton
            label={trans.__('Mount storage')}
            icon={addIcon}
            onClick={() => run(CommandIDs.mountStorage)}
          />
          <MenuButton
            label={trans.__('More for storage')}
            entries={STORAGE_MENU}
          />
        </>
      }
    >
      {storages.length > 0 && (
        <ul
          className="ma-List"
          aria-label={trans.__('Storage')}
          onKeyDown={roving.onKeyDown}
          onFocus={roving.onFocus}
        >
          {storages.map(storage => (
            <Row
              key={keyOf(storage)}
              storage={storage}
              current={keyOf(storage) === roving.current}
            />
          ))}
        </ul>
      )}
      {storages.length === 0 &&
        (unknown ? (
          <p className="ma-Empty">
            {trans.__('Which notebook this is, is not known; see above.')}
          </p>
        ) : view.storages ? (
          <Nothing />
        ) : (
          !error('storages') && <Reading />
        ))}
      <PartErrors parts={['storages']} />
    </Section>
  );
}

const STORAGE_MENU: Entry[] = [
  [CommandIDs.mountStorage],
  null,
  [CommandIDs.createFolder],
  [CommandIDs.setQuota]
];

/** Nothing is at the path in these states. */
const OVER = /^(MOUNT_FAILED|UNMOUNTED)$/;

const keyOf = (storage: IStorage) => storage.id || storage.path;

/** Storages as they will be: with what is just being mounted, and what is being unmounted. */
function withWork(
  storages: readonly IStorage[],
  running: readonly IOperation[]
): IStorage[] {
  let list = storages.map(storage => {
    const leaving = running.some(
      ({ verb, params }) =>
        verb === 'storage.unmount' &&
        [storage.id, storage.path].includes(String(params.storage))
    );
    return leaving ? { ...storage, status: 'UNMOUNTING' } : storage;
  });
  for (const { verb, params, id } of running) {
    const path = tidy(String(params.path ?? ''));
    const there = list.find(storage => tidy(storage.path) === path);
    if (verb === 'storage.mount' && (!there || OVER.test(there.status))) {
      list = list.filter(storage => storage !== there);
      list.push({
        id,
        category: String(params.category ?? ''),
        path,
        uri: String(params.source ?? ''),
        status: 'MOUNTING',
        failure: '',
        share: '',
        kind: 'DYNAMIC',
        machine: null
      });
    }
  }
  return list;
}

function Row(props: {
  storage: IStorage;
  current: boolean;
}): React.ReactElement {
  const { storage, current } = props;
  const { trans, cloud } = usePanel();
  const run = useRun();
  const about = { path: storage.path };
  const state = storageState(storage.status, trans);
  const mounted = /^(MOUNTED|UNMOUNT_FAILED)$/.test(storage.status);
  const over = OVER.test(storage.status);
  // A link of the local cloud is no mount of this machine.
  const unseen =
    cloud.view.status?.kind !== 'local' &&
    mounted &&
    storage.machine?.mounted === false;
  return (
    <CloudRow
      id={keyOf(storage)}
      name={storage.path}
      dot={unseen ? 'attention' : storageDot(storage)}
      state={state}
      fact={storage.category}
      more={
        storage.failure
          ? `${state}: ${storage.failure}`
          : unseen
            ? trans.__('this machine does not see it yet')
            : mounted
              ? shortSource(storage.uri)
              : `${state} · ${shortSource(storage.uri)}`
      }
      hover={[storage.uri, categoryWord(storage.category, trans), state]
        .filter(Boolean)
        .join('\n')}
      current={current}
      primary={
        mounted && storage.kind !== 'STATIC'
          ? {
              label: trans.__('Unmount…'),
              run: () => run(CommandIDs.unmountStorage, about)
            }
          : over
            ? {
                label: trans.__('Mount again…'),
                run: () =>
                  run(CommandIDs.mountStorage, {
                    ...about,
                    source: storage.uri,
                    category: storage.category
                  })
              }
            : undefined
      }
      menu={
        mounted
          ? [
              [CommandIDs.showStorage, about],
              null,
              [CommandIDs.unmountStorage, about]
            ]
          : []
      }
    >
      {storage.machine?.mounted && <Space machine={storage.machine} />}
    </CloudRow>
  );
}

/** Used and free, and how fast it answers. */
function Space({ machine }: { machine: IMachine }): React.ReactElement {
  const { trans, format } = usePanel();
  const { total, used, free } = machine;
  const part = total && used !== null ? used / total : null;
  const latency = machine.write_ms ?? machine.stat_ms;
  return (
    <span className="ma-Row-space">
      {machine.answers ? (
        <>
          {part !== null && (
            <Bar
              value={part}
              label={trans.__('Used space')}
              tight={part > 0.95}
            />
          )}
          {free !== null && (
            <span className="ma-number">
              {trans.__('%1 free', format.bytes(free))}
            </span>
          )}
          {latency !== null && (
            <span className="ma-number ma-muted">
              {format.latency(latency)}
            </span>
          )}
        </>
      ) : (
        <span className="ma-strong">{trans.__('it does not answer')}</span>
      )}
      {machine.read_only && (
        <span className="ma-muted">{trans.__('read-only')}</span>
      )}
    </span>
  );
}

/** Nothing is mounted: what that would bring, and how. */
function Nothing(): React.ReactElement {
  const { trans } = usePanel();
  const run = useRun();
  return (
    <div className="ma-Empty">
      <p>
        {trans.__(
          'Nothing is mounted. A bucket of OBS or a folder of SFS Turbo appears below /data while the notebook runs, without a restart.'
        )}
      </p>
      <div className="ma-Buttons">
        <button
          type="button"
          className="ma-Button ma-primary"
          onClick={() => run(CommandIDs.mountStorage)}
        >
          {trans.__('Mount…')}
        </button>
      </div>
    </div>
  );
}
