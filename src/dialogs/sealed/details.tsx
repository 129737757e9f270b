import React from 'react';

import { IVersion } from '../../api/sealedTypes';
import { IEnvironment } from '../../api/types';
import { hasNewer, isSealed } from '../../sealed/state';
import { acceleratorWord, whyWord } from '../../sealed/words';
import { IModelArtsNb } from '../../tokens';
import { dotOf, dotWord } from '../../words';
import { Fact, Facts } from '../facts';
import { show } from '../form';
import { Loaded } from '../loaded';

/** Everything that is known of one environment: state, sizes on both disks, what it needs. */
export async function showDetails(
  nb: IModelArtsNb,
  environment: IEnvironment
): Promise<void> {
  const { client, trans } = nb;
  await show(
    environment.name,
    isSealed(environment) ? (
      <Loaded nb={nb} load={() => client.versions(environment.name)}>
        {versions => (
          <Details nb={nb} environment={environment} versions={versions} />
        )}
      </Loaded>
    ) : (
      <Details nb={nb} environment={environment} versions={[]} />
    ),
    trans
  );
}

interface IDetailsProps {
  nb: IModelArtsNb;
  environment: IEnvironment;
  versions: readonly IVersion[];
}

function Details(props: IDetailsProps): React.ReactElement {
  const { nb, environment, versions } = props;
  const { trans } = nb;
  const used = versions.find(item => item.number === environment.version);
  const facts = [...general(props, used), ...sizes(props), ...needs(nb, used)];
  return (
    <>
      <Facts facts={facts} />
      {environment.unsaved && (
        <p className="ma-strong">
          {trans.__(
            'Changes are unsaved: they are only in this container, and lost at its restart.'
          )}
        </p>
      )}
    </>
  );
}

function general(
  { nb, environment }: IDetailsProps,
  used: IVersion | undefined
): Fact[] {
  const { trans, format } = nb;
  const { version, newest, created } = environment;
  return [
    [
      trans.__('State'),
      isSealed(environment)
        ? trans.__('sealed: images with versions on the persistent disk')
        : trans.__('open: a folder')
    ],
    [
      trans.__('Version'),
      version === null
        ? ''
        : hasNewer(environment)
          ? trans.__('%1 in use here; the newest is %2', version, newest)
          : [String(version), whyWord(used?.why ?? '', trans)]
              .filter(Boolean)
              .join(' · ')
    ],
    [trans.__('Kernel'), dotWord(dotOf(environment), trans)],
    ['Python', environment.python],
    [trans.__('Packages'), environment.highlights.join(' · ')],
    [
      environment.state === 'open' || environment.filled
        ? trans.__('Folder')
        : trans.__('Versions in'),
      environment.prefix
    ],
    [trans.__('Made from'), environment.origin],
    [
      trans.__('Made'),
      created && `${format.relative(created)} · ${format.exact(created)}`
    ]
  ];
}

function sizes({ nb, environment, versions }: IDetailsProps): Fact[] {
  const { trans, format } = nb;
  const { size, files, stored, local_size: local } = environment;
  const amount = [
    size === null ? '' : format.bytes(size),
    files === null ? '' : format.files(files)
  ]
    .filter(Boolean)
    .join(' · ');
  if (!isSealed(environment)) {
    return [[trans.__('On the persistent disk'), amount]];
  }
  const history = versions.reduce((sum, item) => sum + item.stored, 0);
  return [
    [
      trans.__('On the persistent disk'),
      [
        stored === null ? '' : format.bytes(stored),
        history > (stored ?? 0)
          ? trans.__('all versions %1', format.bytes(history))
          : ''
      ]
        .filter(Boolean)
        .join(' · ')
    ],
    [
      trans.__('On the local disk'),
      environment.filled
        ? local === null
          ? trans.__('there')
          : format.bytes(local)
        : trans.__('not yet: it is copied when a kernel starts')
    ],
    [trans.__('Unpacked'), amount]
  ];
}

function needs(nb: IModelArtsNb, used: IVersion | undefined): Fact[] {
  const { trans } = nb;
  if (!used) {
    return [];
  }
  return [
    [
      trans.__('Runs on'),
      [
        used.platform || used.arch,
        used.glibc ? trans.__('glibc %1 or newer', used.glibc) : '',
        acceleratorWord(used.accelerator, trans)
      ]
        .filter(Boolean)
        .join(' · ')
    ]
  ];
}
