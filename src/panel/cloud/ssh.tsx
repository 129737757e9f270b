import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { IKeyPair, ISshSetup } from '../../api/cloudTypes';
import { privateWords, whereWords } from '../../cloud/words';
import { CommandIDs } from '../../commands';
import { CopyButton } from '../../dialogs/error';
import { usePanel, useRun } from '../context';
import { Entry } from '../menu';
import { MenuButton } from '../menuButton';
import { useRoving } from '../roving';
import { IFold, Section } from '../section';
import { PartErrors, useCloud } from './parts';
import { CloudRow } from './row';

/** Ways in: what an editor on the laptop needs, and the key pairs. */
export function SshSection(props: IFold): React.ReactElement {
  const { open, onToggle } = props;
  const { trans } = usePanel();
  const run = useRun();
  const { view } = useCloud();
  const { ssh, keys } = view;
  const roving = useRoving((keys ?? []).map(idOf));
  return (
    <Section
      id="ssh"
      title="SSH"
      summary={ssh ? headline(ssh, trans) : ''}
      open={open}
      onToggle={onToggle}
      actions={
        <MenuButton label={trans.__('More for SSH')} entries={SSH_MENU} />
      }
    >
      {ssh && <Ready setup={ssh} />}
      {keys && keys.length > 0 && (
        <>
          <h3 id="ma-keys-title" className="ma-Divider">
            {trans.__('key pairs')}
          </h3>
          <ul
            className="ma-List"
            aria-labelledby="ma-keys-title"
            onKeyDown={roving.onKeyDown}
            onFocus={roving.onFocus}
          >
            {keys.map(pair => (
              <KeyRow
                key={idOf(pair)}
                pair={pair}
                current={idOf(pair) === roving.current}
                opens={ssh?.endpoint.key_pairs.includes(pair.name) ?? false}
              />
            ))}
          </ul>
        </>
      )}
      {keys?.length === 0 && (
        <p className="ma-Empty">
          {trans.__(
            'No key pair yet. A key pair opens a notebook: its public half is in the cloud, its private half with you.'
          )}
        </p>
      )}
      {!ssh && (
        <div className="ma-Empty ma-Buttons">
          <button
            type="button"
            className="ma-Button"
            onClick={() => run(CommandIDs.importKey)}
          >
            {trans.__('Import a Public Key…')}
          </button>
        </div>
      )}
      <PartErrors parts={['ssh', 'keys']} />
    </Section>
  );
}

/** A user's own pair and one of the account may have the same name. */
const idOf = (pair: IKeyPair) => `${pair.name} ${pair.fingerprint}`;

const SSH_MENU: Entry[] = [
  [CommandIDs.setupSsh],
  [CommandIDs.showSsh],
  [CommandIDs.checkSsh],
  null,
  [CommandIDs.importKey],
  [CommandIDs.createKey],
  [CommandIDs.unlockKeys],
  [CommandIDs.lockKeys],
  null,
  [CommandIDs.writeSshConfig],
  [CommandIDs.forgetHost]
];

/** `ready: ssh ma-demo`, or what is missing. */
function headline(setup: ISshSetup, trans: TranslationBundle): string {
  const { endpoint, laptop } = setup;
  if (laptop && endpoint.key_pairs.length) {
    return trans.__('ready: %1', `ssh ${laptop.host}`);
  }
  if (!endpoint.exists) {
    return trans.__('not set up');
  }
  if (endpoint.status !== 'RUNNING') {
    return trans.__('the notebook does not run');
  }
  return endpoint.key_pairs.length
    ? trans.__('open from the next start on')
    : trans.__('no key pair opens it');
}

function Ready({ setup }: { setup: ISshSetup }): React.ReactElement {
  const { trans } = usePanel();
  const run = useRun();
  const { laptop, endpoint } = setup;
  const ready = laptop !== null && endpoint.key_pairs.length > 0;
  const command = laptop ? `ssh ${laptop.host}` : '';
  return (
    <div className="ma-Instance">
      <div className="ma-Instance-line">
        {ready ? (
          <>
            <span className="ma-Banner-mark" aria-hidden="true">
              ✔
            </span>
            <code className="ma-Row-name">{command}</code>
            <CopyButton text={command} trans={trans} />
          </>
        ) : (
          <>
            <span className="ma-Dot" data-dot="none" aria-hidden="true" />
            <strong>{headline(setup, trans)}</strong>
          </>
        )}
      </div>
      {!ready && (
        <p className="ma-muted">
          {endpoint.exists
            ? trans.__('A key pair counts from the notebook’s next start on.')
            : trans.__(
                'With your laptop’s public key in the notebook, VS Code, PyCharm and ssh get in.'
              )}
        </p>
      )}
      {endpoint.allowed_ips.length > 0 && (
        <p className="ma-muted">
          {trans.__('Only from: %1', endpoint.allowed_ips.join(', '))}
        </p>
      )}
      <div className="ma-Buttons">
        <button
          type="button"
          className={ready ? 'ma-Button' : 'ma-Button ma-primary'}
          onClick={() => run(CommandIDs.setupSsh)}
        >
          {trans.__('Set up…')}
        </button>
        {laptop && (
          <button
            type="button"
            className="ma-Button"
            onClick={() => run(CommandIDs.showSsh)}
          >
            {trans.__('For the laptop…')}
          </button>
        )}
        <button
          type="button"
          className="ma-Button"
          onClick={() => run(CommandIDs.checkSsh)}
        >
          {trans.__('Check…')}
        </button>
      </div>
    </div>
  );
}

function KeyRow(props: {
  pair: IKeyPair;
  current: boolean;
  opens: boolean;
}): React.ReactElement {
  const { pair, current, opens } = props;
  const { trans } = usePanel();
  const run = useRun();
  const about = { name: pair.name };
  const home = pair.private.includes('home');
  const disk = pair.private.includes('disk');
  const [label, command] =
    disk && !home
      ? [trans.__('Unlock…'), CommandIDs.unlockKeys]
      : home && !disk
        ? [trans.__('Keep…'), CommandIDs.keepKey]
        : [trans.__('Use…'), CommandIDs.useKey];
  return (
    <CloudRow
      id={idOf(pair)}
      name={pair.name}
      dot={opens ? 'ready' : 'none'}
      // In the second line, for everybody.
      state=""
      fact={whereWords(pair, trans)}
      more={[
        opens ? trans.__('opens this notebook') : '',
        privateWords(pair, trans)
      ]
        .filter(Boolean)
        .join(' · ')}
      hover={[pair.name, pair.fingerprint, whereWords(pair, trans)]
        .filter(Boolean)
        .join('\n')}
      current={current}
      primary={{ label, run: () => run(command, about) }}
      menu={[
        [CommandIDs.useKey, about],
        ...((home && !disk ? [[CommandIDs.keepKey, about]] : []) as Entry[]),
        ...((disk ? [[CommandIDs.unlockKeys, about]] : []) as Entry[]),
        null,
        [CommandIDs.deleteKey, about]
      ]}
    />
  );
}
