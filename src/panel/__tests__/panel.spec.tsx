import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { act, cleanup, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';

import {
  environment,
  FakeServer,
  operation,
  status
} from '../../__tests__/server';
import { Client } from '../../api/client';
import { IEnvironment, IOperation, IStatus } from '../../api/types';
import { CommandIDs } from '../../commands';
import { Format } from '../../format';
import { Inventory } from '../../inventory';
import { Operations } from '../../operations/model';
import { PanelProvider } from '../context';
import { PanelView } from '../panel';

const IMAGE = environment({
  name: 'PyTorch-1.8',
  prefix: '/image/envs/PyTorch-1.8',
  where: 'image',
  survives: false,
  kernel: 'none'
});

interface IWorld {
  status?: IStatus;
  environments?: IEnvironment[];
  operations?: IOperation[];
}

/** The panel over a fake server; `ran` collects the commands it executed. */
async function open(world: IWorld) {
  const server = new FakeServer();
  Object.assign(server.answers, {
    'GET status': { body: world.status ?? status() },
    'GET environments': { body: { environments: world.environments ?? [] } },
    'GET archives': { body: { archives: [] } },
    'GET bin': { body: { removed: [] } },
    'GET operations': { body: { operations: world.operations ?? [] } }
  });
  return { server, ...(await draw(server)) };
}

async function draw(server: FakeServer) {
  const client = new Client(server.settings);
  const inventory = new Inventory({ client, standby: 'never' });
  const operations = new Operations({ client, standby: 'never' });
  const commands = new CommandRegistry();
  const ran: unknown[] = [];
  for (const id of Object.values(CommandIDs)) {
    commands.addCommand(id, {
      label: id,
      execute: args => void ran.push([id, args])
    });
  }
  const trans = nullTranslator.load('modelarts_nb');
  await inventory.refresh();
  await operations.refresh().catch(() => undefined);
  render(
    <PanelProvider
      value={{
        client,
        inventory,
        operations,
        commands,
        trans,
        format: new Format(trans)
      }}
    >
      <PanelView />
    </PanelProvider>
  );
  return { inventory, operations, ran, user: userEvent.setup() };
}

function focus(name: RegExp): void {
  act(() => screen.getByRole('listitem', { name }).focus());
}

afterEach(cleanup);

describe('the banner', () => {
  it('says restart-safe only where nothing would be lost', async () => {
    await open({ environments: [environment({ name: 'mine' })] });
    expect(screen.getByText('Restart-safe')).toBeTruthy();
  });

  it('counts what would be lost and keeps it by one click', async () => {
    const { ran, user } = await open({
      status: status({ lost: ['PyTorch-1.8'] }),
      environments: [IMAGE]
    });
    expect(screen.getByText('1 environment would be lost')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Keep it' }));
    expect(ran).toEqual([[CommandIDs.keepAll, {}]]);
  });

  it('never calls a folder of the container safe', async () => {
    const { disk } = status();
    await open({
      status: status({ disk: { ...disk, survives: false, kind: 'container' } })
    });
    expect(screen.queryByText('Restart-safe')).toBeNull();
    expect(screen.getByText('Nothing here survives a restart')).toBeTruthy();
  });

  it('says that the disk is missing and what to set', async () => {
    const { disk } = status();
    await open({
      status: status({
        disk: {
          ...disk,
          exists: false,
          error: { code: 'disk_missing', message: '/x is not there.' }
        }
      })
    });
    expect(screen.getByText('The persistent disk is not there.')).toBeTruthy();
    expect(screen.getByText(/MODELARTS_NB_DISK/)).toBeTruthy();
  });

  it('says when the hook is not installed', async () => {
    await open({
      status: status({ hook: { installed: false, version: null } })
    });
    expect(
      screen.getByRole('button', { name: 'Install the hook' })
    ).toBeTruthy();
  });
});

describe('the list of environments', () => {
  it('names each with its state for everybody', async () => {
    await open({
      environments: [
        environment({ name: 'mine' }),
        environment({
          name: 'old-tf',
          python: '3.7.16',
          size: null,
          trouble: [
            {
              check: 'interpreter',
              level: 'error',
              message: 'interpreter moved',
              fix: 'put it back',
              files: []
            }
          ]
        })
      ]
    });
    const list = screen.getByRole('list', { name: 'Environments on the disk' });
    expect(
      within(list)
        .getAllByRole('listitem')
        .map(row => row.getAttribute('aria-label'))
    ).toEqual([
      'mine, Python 3.10.13, 3.4 GB, kernel ready',
      'old-tf, Python 3.7.16, needs attention, Python does not start'
    ]);
    expect(within(list).getByText('Python does not start')).toBeTruthy();
  });

  it('keeps an environment of the image by one click', async () => {
    const { ran, user } = await open({ environments: [IMAGE] });
    await user.click(screen.getByRole('button', { name: 'Keep on disk' }));
    expect(ran).toEqual([
      [CommandIDs.keepEnvironment, { name: '/image/envs/PyTorch-1.8' }]
    ]);
  });

  it('says what was kept already, instead of asking again', async () => {
    await open({
      environments: [environment({ name: 'pt', origin: IMAGE.prefix }), IMAGE]
    });
    expect(screen.getByText('kept as pt')).toBeTruthy();
  });

  it('walks by arrow keys, acts by Enter', async () => {
    const { ran, user } = await open({
      environments: ['a', 'b', 'c'].map(name => environment({ name }))
    });
    focus(/^a,/);
    await user.keyboard('{ArrowDown}{ArrowDown}{ArrowUp}{Enter}');
    expect(ran).toEqual([[CommandIDs.openNotebook, { name: 'b' }]]);
  });

  it('has one tab stop of rows, whatever the number', async () => {
    await open({
      environments: ['a', 'b', 'c'].map(name => environment({ name }))
    });
    expect(
      screen.getAllByRole('listitem').filter(row => row.tabIndex === 0)
    ).toHaveLength(1);
  });

  it('searches after "/", and Escape returns to the list', async () => {
    const { user } = await open({
      environments: [
        environment({ name: 'mine', highlights: ['torch 2.1'] }),
        environment({ name: 'nlp' })
      ]
    });
    focus(/^mine,/);
    await user.keyboard('/torch');
    expect(screen.queryByRole('listitem', { name: /^nlp,/ })).toBeNull();
    await user.keyboard('{Escape}');
    await new Promise(requestAnimationFrame);
    expect(screen.queryByRole('searchbox')).toBeNull();
    expect(document.activeElement?.getAttribute('aria-label')).toMatch(/^mine/);
  });

  it('teaches when it is empty', async () => {
    const { ran, user } = await open({ environments: [IMAGE] });
    await user.click(screen.getByRole('button', { name: 'Keep PyTorch-1.8' }));
    await user.click(screen.getByRole('button', { name: 'New' }));
    expect(ran).toEqual([
      [CommandIDs.keepEnvironment, { name: IMAGE.prefix }],
      [CommandIDs.createEnvironment, {}]
    ]);
  });
});

describe('activity', () => {
  it('shows percent, files, rate and time left', async () => {
    await open({ operations: [operation()] });
    expect(screen.getByText('62 %')).toBeTruthy();
    expect(screen.getByText('copying · 24,310 of 41,268 files')).toBeTruthy();
    expect(screen.getByText('118 MB/s · 14 s left')).toBeTruthy();
    expect(
      screen
        .getByRole('progressbar', {
          name: 'Keeping PyTorch-1.8 as pytorch-1.8'
        })
        .getAttribute('aria-valuenow')
    ).toBe('62');
  });

  it('cancels and dismisses by commands', async () => {
    const { ran, user } = await open({
      operations: [operation(), operation({ id: 'op2', state: 'done' })]
    });
    await user.click(screen.getByRole('button', { name: /^Cancel: / }));
    await user.click(screen.getByRole('button', { name: /^Dismiss: / }));
    expect(ran).toEqual([
      [CommandIDs.cancelOperation, { id: 'op1' }],
      [CommandIDs.dismissOperation, { id: 'op2' }]
    ]);
  });

  it('says why one failed and what to do', async () => {
    await open({
      operations: [
        operation({
          state: 'failed',
          error: {
            code: 'disk_full',
            message: 'No room for numpy.',
            hint: 'Empty the bin.',
            cause: 'ENOSPC'
          }
        })
      ]
    });
    const alert = screen.getByRole('alert');
    expect(alert.textContent).toContain('The disk is full.');
    expect(alert.textContent).toContain('Empty the bin.');
    expect(within(alert).getByText('ENOSPC')).toBeTruthy();
  });
});

describe('without a server', () => {
  it('explains a missing server extension', async () => {
    await draw(new FakeServer());
    expect(screen.getByRole('alert').textContent).toContain('ma restore');
  });

  it('keeps what was known when the server goes away', async () => {
    const { server, inventory } = await open({
      environments: [environment({ name: 'mine' })]
    });
    server.down = true;
    await act(() => inventory.refresh());
    expect((await screen.findByRole('alert')).textContent).toContain(
      'does not answer'
    );
    expect(screen.getByRole('listitem', { name: /^mine,/ })).toBeTruthy();
  });
});
