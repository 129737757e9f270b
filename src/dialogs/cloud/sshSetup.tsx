import React from 'react';

import { IOperation } from '../../api/types';
import {
  isPrivateKey,
  keyNameProblem,
  privateKeyWords,
  publicKeyProblem
} from '../../cloud/publicKey';
import { ISetupSshArgs } from '../../commands';
import { Lines } from '../../panel/cloud/teaching';
import { IModelArtsNb } from '../../tokens';
import { TextField } from '../fields';
import { askForm, IFields } from '../form';
import { NotebookField, RestartField, targetProblem } from './target';

/** Where OpenSSH looks for a key when nobody says. */
export const KEY_FILE = '~/.ssh/id_rsa';
const NEW_KEY = 'ssh-keygen -t rsa -b 4096 -f ~/.ssh/id_rsa_modelarts';

interface IValue {
  publicKey: string;
  /** A private key was pasted; it is gone again. */
  refused: boolean;
  name: string;
  notebook: string;
  keyFile: string;
  allow: string;
  restart: boolean;
}

/** Bring the laptop's public key into a notebook; the operation that does it. */
export async function askSetupSsh(
  nb: IModelArtsNb,
  args: ISetupSshArgs = {}
): Promise<IOperation | undefined> {
  const { trans, operations } = nb;
  let begun: IOperation | undefined;
  await askForm<IValue>({
    title: trans.__('Set up SSH'),
    accept: trans.__('Set up'),
    trans,
    initial: {
      // What a command was given is no more to be trusted than what is pasted.
      publicKey: isPrivateKey(args.publicKey ?? '')
        ? ''
        : (args.publicKey ?? ''),
      refused: isPrivateKey(args.publicKey ?? ''),
      name: args.name ?? '',
      notebook: args.notebook ?? '',
      keyFile: lastKeyFile(nb),
      allow: '',
      restart: args.restart ?? false
    },
    problem: value =>
      value.refused
        ? privateKeyWords(trans)
        : (publicKeyProblem(value.publicKey, trans) ??
          (value.name ? keyNameProblem(value.name, trans) : null) ??
          targetProblem(nb, value.notebook) ??
          (value.keyFile.trim() && !value.keyFile.includes('"')
            ? null
            : trans.__('Name the private key’s file on the laptop.'))),
    submit: async value => {
      begun = await operations.start('ssh.setup', {
        public_key: value.publicKey.trim(),
        name: value.name || undefined,
        notebook: value.notebook || undefined,
        key_file: value.keyFile.trim(),
        allow: addresses(value.allow),
        restart: value.notebook !== '' && value.restart
      });
    },
    fields: props => <SetupFields {...props} nb={nb} />
  });
  return begun;
}

/** Addresses of a text; undefined: as it was. */
function addresses(text: string): string[] | undefined {
  const list = text.split(/[\s,;]+/).filter(Boolean);
  return list.length ? list : undefined;
}

/** The file that was named the last time, as far as that is still known. */
export function lastKeyFile(nb: IModelArtsNb): string {
  const last = nb.operations.list.find(
    operation => operation.verb === 'ssh.setup' && operation.params.key_file
  );
  return String(last?.params.key_file ?? KEY_FILE);
}

function SetupFields(
  props: IFields<IValue> & { nb: IModelArtsNb }
): React.ReactElement {
  const { value, set, nb } = props;
  const { trans } = nb;
  return (
    <>
      <KeyField
        nb={nb}
        value={value.publicKey}
        onChange={(publicKey, refused) => set({ publicKey, refused })}
      />
      <TextField
        label={trans.__('The private key’s file on the laptop')}
        value={value.keyFile}
        help={trans.__('It stays there. Only the block to paste names it.')}
        onChange={keyFile => set({ keyFile })}
      />
      <NotebookField
        nb={nb}
        notebook={value.notebook}
        onChange={notebook => set({ notebook })}
      />
      <RestartField
        nb={nb}
        notebook={value.notebook}
        restart={value.restart}
        onChange={restart => set({ restart })}
      />
      <details className="ma-Technical">
        <summary>{trans.__('More')}</summary>
        <TextField
          label={trans.__('Name of the key pair')}
          value={value.name}
          placeholder={trans.__('from the key’s comment')}
          onChange={name => set({ name })}
        />
        <TextField
          label={trans.__('Only from these addresses')}
          value={value.allow}
          placeholder="203.0.113.7 198.51.100.0/24"
          help={trans.__('Empty: as it was.')}
          onChange={allow => set({ allow })}
        />
      </details>
    </>
  );
}

/** Where a public key is pasted. A private one does not stay, not even in the field. */
export function KeyField(props: {
  nb: IModelArtsNb;
  value: string;
  onChange: (key: string, refused: boolean) => void;
}): React.ReactElement {
  const { nb, value, onChange } = props;
  const { trans } = nb;
  return (
    <>
      <TextField
        label={trans.__('The laptop’s public key')}
        value={value}
        rows={4}
        placeholder="ssh-rsa AAAAB3… me@laptop"
        help={trans.__(
          'One line, from the file on the laptop that ends in .pub.'
        )}
        onChange={text => {
          const refused = isPrivateKey(text);
          onChange(refused ? '' : text, refused);
        }}
        first
      />
      <details className="ma-Technical">
        <summary>{trans.__('No key yet?')}</summary>
        <p>{trans.__('On the laptop, in a terminal:')}</p>
        <Lines text={NEW_KEY} trans={trans} />
        <p>
          {trans.__('Then paste what is in %1.', '~/.ssh/id_rsa_modelarts.pub')}
        </p>
      </details>
    </>
  );
}
