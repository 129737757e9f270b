import { act, cleanup, screen, within } from '@testing-library/react';

import { environment, FakeServer, operation } from '../../__tests__/server';
import { CommandIDs } from '../../commands';
import { draw, IMAGE, open } from './open';

function focus(name: RegExp): void {
  act(() => screen.getByRole('listitem', { name }).focus());
}

afterEach(cleanup);

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
    await act(() => new Promise(requestAnimationFrame));
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
