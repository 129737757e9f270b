import { JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { act, cleanup, screen } from '@testing-library/react';

import { NO_ACCOUNT } from '../../__tests__/cloud';
import { ApiError } from '../../api/request';
import { IModelArtsNb } from '../../tokens';
import { cloudPlugin } from '../cloudPlugin';

const ID = 'modelarts-nb:try';

/** A plugin of one command over an account or none. */
function activate(work: () => Promise<unknown>, absent = false) {
  const commands = new CommandRegistry();
  const offered: string[] = [];
  const plugin = cloudPlugin('modelarts_nb:test', 'One command.', add =>
    add(ID, 'Try', work)
  );
  void plugin.activate(
    { commands } as JupyterFrontEnd,
    {
      trans: nullTranslator.load('modelarts_nb'),
      cloud: { absent, view: { status: NO_ACCOUNT } }
    } as unknown as IModelArtsNb,
    {
      addItem: ({ command }: { command: string }) => offered.push(command)
    } as unknown as ICommandPalette
  );
  return { offered, run: () => commands.execute(ID) };
}

async function close() {
  const label = await screen.findByText('Close');
  act(() => label.click());
}

afterEach(cleanup);

describe('a command about the cloud', () => {
  it('does what it is for, and is in the palette', async () => {
    const { offered, run } = activate(() => Promise.resolve('done'));
    await expect(run()).resolves.toBe('done');
    expect(offered).toEqual([ID]);
  });

  it('tells what goes wrong instead of failing', async () => {
    const error = { code: 'busy', message: 'Somebody works on it.', hint: '' };
    const { run } = activate(() => Promise.reject(new ApiError(error, 409)));
    const ran = run();
    expect(await screen.findByText(/Somebody works on it/)).toBeTruthy();
    await close();
    await expect(ran).resolves.toBeUndefined();
  });

  it('teaches where there is no account', async () => {
    const work = jest.fn();
    const { run } = activate(work, true);
    const ran = run();
    expect(await screen.findByText(/No cloud account is set up/)).toBeTruthy();
    await close();
    await ran;
    expect(work).not.toHaveBeenCalled();
  });
});
