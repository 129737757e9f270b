import React from 'react';

import { IStorage } from '../../api/cloudTypes';
import { categoryWord, storageState } from '../../cloud/words';
import { IModelArtsNb } from '../../tokens';
import { confirmed } from '../confirm';
import { Fact, Facts } from '../facts';
import { show } from '../form';
import { Loaded } from '../loaded';

/** Ask before a storage is taken away. */
export function confirmUnmount(
  nb: IModelArtsNb,
  storage: IStorage
): Promise<boolean> {
  const { trans } = nb;
  return confirmed({
    title: trans.__('Unmount %1?', storage.path),
    lines: [
      trans.__(
        'What is in it stays where it is: %1. It can be mounted again at any time.',
        storage.uri || storage.category
      ),
      trans.__('Programs that have files open there lose them.')
    ],
    accept: trans.__('Unmount'),
    trans
  });
}

/** One storage with everything that is known, measured now. */
export async function showStorage(
  nb: IModelArtsNb,
  storage: IStorage
): Promise<void> {
  const { trans, cloud } = nb;
  await show(
    storage.path,
    <Loaded nb={nb} load={() => cloud.client.storage(storage.path)}>
      {found => <Details nb={nb} storage={found} />}
    </Loaded>,
    trans
  );
}

function Details(props: {
  nb: IModelArtsNb;
  storage: IStorage;
}): React.ReactElement {
  const { nb, storage } = props;
  const { trans, format } = nb;
  const { machine } = storage;
  const ms = (value: number | null | undefined) =>
    typeof value === 'number' ? format.latency(value) : '';
  const facts: Fact[] = [
    [trans.__('What'), categoryWord(storage.category, trans)],
    [trans.__('Source'), storage.uri],
    [trans.__('By the cloud’s word'), storageState(storage.status, trans)],
    [trans.__('Why it failed'), storage.failure],
    [
      trans.__('By this machine’s word'),
      machine === null
        ? ''
        : !machine.mounted
          ? trans.__('not mounted here')
          : machine.answers
            ? [
                trans.__('mounted'),
                machine.fstype,
                machine.read_only ? trans.__('read-only') : ''
              ]
                .filter(Boolean)
                .join(', ')
            : trans.__('it does not answer')
    ],
    [
      trans.__('Space'),
      typeof machine?.free === 'number' && typeof machine.total === 'number'
        ? trans.__(
            '%1 free of %2',
            format.bytes(machine.free),
            format.bytes(machine.total)
          )
        : ''
    ],
    [trans.__('A look-up takes'), ms(machine?.stat_ms)],
    [trans.__('A small write takes'), ms(machine?.write_ms)]
  ];
  return <Facts facts={facts} />;
}
