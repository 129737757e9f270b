import { Notification } from '@jupyterlab/apputils';
import React from 'react';

import { IKeyPair } from '../../api/cloudTypes';
import { IModelArtsNb } from '../../tokens';
import { CheckField, TextField } from '../fields';
import { askForm } from '../form';

/** OpenSSH's own form of a key takes less; the server does not. */
const LEAST = 8;
/** How long a good end is shown, in ms. */
const SHOWN = 8000;

/**
 * Keep a private key on the disk, so that it survives a restart.
 *
 * The passphrase goes straight to the server, which uses it once: it is in no operation, no state
 * and no log.
 */
export async function askKeepKey(
  nb: IModelArtsNb,
  pair: IKeyPair
): Promise<void> {
  const { trans, cloud } = nb;
  const kept = await askForm({
    title: trans.__('Keep %1 on the disk', pair.name),
    accept: trans.__('Keep'),
    trans,
    initial: { passphrase: '', again: '', mine: false },
    problem: ({ passphrase, again, mine }) =>
      mine
        ? null
        : passphrase.length < LEAST
          ? trans.__('A passphrase has at least %1 characters.', LEAST)
          : passphrase !== again
            ? trans.__('The two are not the same.')
            : null,
    submit: ({ passphrase, mine }) =>
      cloud.client.keepKey(
        pair.name,
        mine ? { disk_is_mine: true } : { passphrase }
      ),
    fields: ({ value, set }) => (
      <>
        <p>
          {trans.__(
            'On a shared disk every notebook is the same user: a passphrase is what protects the key. It is asked once after every start.'
          )}
        </p>
        {!value.mine && (
          <>
            <TextField
              label={trans.__('Passphrase')}
              value={value.passphrase}
              secret
              onChange={passphrase => set({ passphrase })}
              first
            />
            <TextField
              label={trans.__('The same again')}
              value={value.again}
              secret
              onChange={again => set({ again })}
            />
          </>
        )}
        <CheckField
          label={trans.__(
            'Nobody else can mount this disk: keep it without a passphrase'
          )}
          checked={value.mine}
          onChange={mine => set({ mine, passphrase: '', again: '' })}
        />
      </>
    )
  });
  if (kept) {
    Notification.success(trans.__('%1 is kept on the disk.', pair.name), {
      autoClose: SHOWN
    });
    await cloud.refresh();
  }
}

/** Bring private keys back from the disk; the agent holds them until the container ends. */
export async function askUnlock(
  nb: IModelArtsNb,
  name?: string
): Promise<void> {
  const { trans, cloud } = nb;
  let opened: string[] = [];
  let refused: string[] = [];
  const done = await askForm({
    title: name ? trans.__('Unlock %1', name) : trans.__('Unlock Keys'),
    accept: trans.__('Unlock'),
    trans,
    initial: { passphrase: '' },
    problem: () => null,
    submit: async ({ passphrase }) => {
      ({ opened, refused } = await cloud.client.unlock(
        passphrase || undefined,
        name
      ));
    },
    fields: ({ value, set }) => (
      <TextField
        label={trans.__('Passphrase')}
        value={value.passphrase}
        secret
        help={trans.__(
          'Keys that are kept without one come back all the same.'
        )}
        onChange={passphrase => set({ passphrase })}
        first
      />
    )
  });
  if (done) {
    const message = [
      opened.length ? trans.__('Unlocked: %1.', opened.join(', ')) : '',
      refused.length
        ? trans.__('Another passphrase opens: %1.', refused.join(', '))
        : ''
    ]
      .filter(Boolean)
      .join(' ');
    Notification.emit(message, refused.length ? 'warning' : 'success', {
      autoClose: SHOWN
    });
    await cloud.refresh();
  }
}

/** Have the agent forget all opened keys. */
export async function lockKeys(nb: IModelArtsNb): Promise<void> {
  const { trans, cloud } = nb;
  await cloud.client.lock();
  Notification.success(trans.__('Opened keys are forgotten.'), {
    autoClose: SHOWN
  });
  await cloud.refresh();
}
