import React from 'react';

import { IEnvironment } from '../../api/types';
import { IModelArtsNb } from '../../tokens';
import { TextField } from '../fields';
import { askForm } from '../form';
import { SpaceLine } from '../space';

/**
 * Seal an open environment; whoever has never done it reads what that means.
 *
 * @param kernels - how many kernels run in it now.
 */
export async function askSeal(
  nb: IModelArtsNb,
  environment: IEnvironment,
  kernels: number
): Promise<void> {
  const { trans, format, operations } = nb;
  const { name, size, files } = environment;
  await askForm({
    title: trans.__('Seal %1', name),
    accept: trans.__('Seal'),
    trans,
    initial: { why: '' },
    problem: () => null,
    submit: ({ why }) =>
      operations.start('env.seal', { name, why: why.trim() || undefined }),
    fields: ({ value, set }) => (
      <>
        <p>
          {files
            ? trans.__(
                'It becomes one file on the persistent disk instead of a folder with %1. When a kernel needs it, it is copied to the local disk and runs there: a slow disk no longer slows it down.',
                format.files(files)
              )
            : trans.__(
                'It becomes one file on the persistent disk instead of a folder. When a kernel needs it, it is copied to the local disk and runs there: a slow disk no longer slows it down.'
              )}
        </p>
        <ul className="ma-Points">
          <li>
            {trans.__(
              'What you install is only in this container until you save it. Each save is a version, and any version can be had back.'
            )}
          </li>
          <li>
            {trans.__('A clone is one small file, made at once at any size.')}
          </li>
          <li>
            {trans.__(
              'Its folder waits in the bin for a week; “Open Again” makes a folder of it at any time.'
            )}
          </li>
        </ul>
        <TextField
          label={trans.__('What this version is (optional)')}
          value={value.why}
          placeholder={trans.__('as for the paper')}
          onChange={why => set({ why })}
          first
        />
        {kernels > 0 && (
          <p className="ma-strong">
            {trans._n(
              '%1 kernel runs in it: restart it afterwards.',
              '%1 kernels run in it: restart them afterwards.',
              kernels
            )}
          </p>
        )}
        {size ? (
          <p className="ma-Form-space">
            {trans.__(
              '%1 to read; what is written is about a third of it.',
              format.bytes(size)
            )}
          </p>
        ) : null}
        <SpaceLine nb={nb} files={files} like="env.seal" />
      </>
    )
  });
}
