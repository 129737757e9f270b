import React from 'react';

import { IKeyPair } from '../../api/cloudTypes';
import {
  keyNameProblem,
  privateKeyWords,
  publicKeyProblem
} from '../../cloud/publicKey';
import { IModelArtsNb } from '../../tokens';
import { confirmed } from '../confirm';
import { SelectField, TextField } from '../fields';
import { askForm } from '../form';
import { KeyField } from './sshSetup';
import { NotebookField, RestartField, targetProblem } from './target';

/** Have the cloud make a key pair, for connections from here. */
export async function askCreateKey(nb: IModelArtsNb, name = ''): Promise<void> {
  const { trans, operations } = nb;
  await askForm({
    title: trans.__('New Key Pair'),
    accept: trans.__('Create'),
    trans,
    initial: { name, scope: 'user' },
    problem: value => keyNameProblem(value.name, trans),
    submit: value => operations.start('ssh.create_key', value),
    fields: ({ value, set }) => (
      <>
        <TextField
          label={trans.__('Name')}
          value={value.name}
          onChange={next => set({ name: next })}
          first
        />
        <ScopeField
          nb={nb}
          scope={value.scope}
          onChange={scope => set({ scope })}
        />
        <p className="ma-Form-space">
          {trans.__(
            'For connections from this notebook to others. The cloud gives the private key once: it is kept in the home here and never sent to the browser. For your laptop, import a public key instead.'
          )}
        </p>
      </>
    )
  });
}

/** Import a public key as a key pair. */
export async function askImportKey(nb: IModelArtsNb): Promise<void> {
  const { trans, operations } = nb;
  await askForm({
    title: trans.__('Import a Public Key'),
    accept: trans.__('Import'),
    trans,
    initial: { publicKey: '', refused: false, name: '', scope: 'user' },
    problem: value =>
      value.refused
        ? privateKeyWords(trans)
        : (publicKeyProblem(value.publicKey, trans) ??
          (value.name ? keyNameProblem(value.name, trans) : null)),
    submit: value =>
      operations.start('ssh.import_key', {
        public_key: value.publicKey.trim(),
        name: value.name || undefined,
        scope: value.scope
      }),
    fields: ({ value, set }) => (
      <>
        <KeyField
          nb={nb}
          value={value.publicKey}
          onChange={(publicKey, refused) => set({ publicKey, refused })}
        />
        <TextField
          label={trans.__('Name of the key pair')}
          value={value.name}
          placeholder={trans.__('from the key’s comment')}
          onChange={name => set({ name })}
        />
        <ScopeField
          nb={nb}
          scope={value.scope}
          onChange={scope => set({ scope })}
        />
      </>
    )
  });
}

function ScopeField(props: {
  nb: IModelArtsNb;
  scope: string;
  onChange: (scope: string) => void;
}): React.ReactElement {
  const { trans } = props.nb;
  return (
    <SelectField
      label={trans.__('Whose it is')}
      value={props.scope}
      options={[
        { value: 'user', label: trans.__('mine alone') },
        {
          value: 'domain',
          label: trans.__('the whole account’s, so that others can use it')
        }
      ]}
      onChange={props.onChange}
    />
  );
}

/** Have a key pair, and no other, open a notebook. */
export async function askUseKey(
  nb: IModelArtsNb,
  pair: IKeyPair,
  args: { notebook?: string; restart?: boolean } = {}
): Promise<void> {
  const { trans, operations } = nb;
  await askForm({
    title: trans.__('Use %1', pair.name),
    accept: trans.__('Use it'),
    trans,
    initial: {
      notebook: args.notebook ?? '',
      restart: args.restart ?? false
    },
    problem: value => targetProblem(nb, value.notebook),
    submit: value =>
      operations.start('ssh.use', {
        key_pairs: [pair.name],
        notebook: value.notebook || undefined,
        restart: value.notebook !== '' && value.restart
      }),
    fields: ({ value, set }) => (
      <>
        <NotebookField
          nb={nb}
          notebook={value.notebook}
          onChange={next => set({ notebook: next })}
        />
        <p className="ma-Form-space">
          {trans.__(
            'This key pair alone will open the notebook; others no longer do.'
          )}
        </p>
        <RestartField
          nb={nb}
          notebook={value.notebook}
          restart={value.restart}
          onChange={restart => set({ restart })}
        />
      </>
    )
  });
}

/** Delete a key pair; its name is typed where something would be lost with it. */
export async function askDeleteKey(
  nb: IModelArtsNb,
  pair: IKeyPair
): Promise<void> {
  const { trans, operations, cloud } = nb;
  const { notebooks, mine } = cloud.view;
  const opened = [...(notebooks ?? []), ...(mine ? [mine] : [])]
    .filter(item =>
      item.endpoints.some(end => end.key_pairs.includes(pair.name))
    )
    .map(item => item.name)
    .filter((name, at, all) => all.indexOf(name) === at);
  const lines = [
    pair.private.length
      ? trans.__(
          'Its private key is deleted here too. Nobody can bring it back.'
        )
      : trans.__('The private key, wherever it is, opens nothing any more.'),
    opened.length
      ? trans.__(
          'It opens %1: without another key pair nobody gets in, and the next start is refused.',
          opened.join(', ')
        )
      : ''
  ].filter(Boolean);
  const sure = await confirmed({
    title: trans.__('Delete the key pair %1?', pair.name),
    lines,
    accept: trans.__('Delete'),
    danger: true,
    typed: pair.private.length || opened.length ? pair.name : undefined,
    trans
  });
  if (sure) {
    await operations.start('ssh.delete_key', {
      name: pair.name,
      force: opened.length > 0
    });
  }
}
