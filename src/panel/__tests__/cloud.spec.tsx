import { act, cleanup, screen, within } from '@testing-library/react';

import {
  cloudStatus,
  hookStatus,
  lease,
  notebook
} from '../../__tests__/cloud';
import { operation } from '../../__tests__/server';
import { CommandIDs } from '../../commands';
import { open } from './open';
import { CLOUD, openCloud, OTHER } from './openCloud';

afterEach(cleanup);

describe('without an account', () => {
  it('teaches in one quiet line, and shows no error', async () => {
    const { server, user } = await open({});
    const line = screen.getByText(/No cloud account is set up/);
    expect(line.closest('details')?.open).toBe(false);
    expect(screen.queryByRole('alert')).toBeNull();
    expect(screen.queryByRole('button', { name: /^Notebook/ })).toBeNull();
    expect(
      server.asked
        .map(({ path }) => path)
        .filter(path => /cloud|ssh|sto/.test(path))
    ).toEqual(['cloud']);
    await user.click(line);
    const teaching = screen.getByRole('region', { name: 'Cloud' });
    expect(teaching.textContent).toContain('HUAWEICLOUD_SDK_AK');
    expect(teaching.textContent).toContain('ma local up');
    expect(
      within(teaching).getAllByRole('button', { name: 'Copy' }).length
    ).toBeGreaterThan(1);
  });
});

describe('this notebook', () => {
  it('shows name, state, machine and the time left', async () => {
    const { ran, user } = await openCloud();
    expect(screen.getByText('demo')).toBeTruthy();
    expect(screen.getByText('running')).toBeTruthy();
    expect(screen.getByText('modelarts.vm.cpu.2u · pytorch:1.8')).toBeTruthy();
    expect(screen.getByRole('timer').textContent).toBe('5 h left');
    await user.click(screen.getByRole('button', { name: 'Keep alive…' }));
    expect(ran).toEqual([[CommandIDs.keepAlive, {}]]);
  });

  it('counts down by the second in the last hour', async () => {
    await openCloud({ 'notebooks/this': notebook({ lease: lease(605) }) });
    const timer = screen.getByRole('timer');
    const first = timer.textContent ?? '';
    expect(first).toMatch(/^10:0\d left$/);
    await act(() => new Promise(resolve => setTimeout(resolve, 1100)));
    expect(timer.textContent).not.toBe(first);
    expect(timer.className).toContain('ma-strong');
  });

  it('says when it does not stop by itself', async () => {
    await openCloud({ 'notebooks/this': notebook() });
    expect(screen.getByRole('timer').textContent).toContain('does not stop');
  });

  it.each([
    [{ registered: true, current: true }, /runs the restart hook/, null],
    [{ registered: true, current: false }, /older hook/, 'Renew it'],
    [{ registered: false, current: false }, /does not run/, 'Register it'],
    [{ registered: null, current: null }, /not shown/, 'What to paste…']
  ])('says what the next start does: %j', async (seen, words, button) => {
    await openCloud({
      'hook?registration=true': hookStatus({
        registration: { instance: 'i', others: [], ...seen }
      })
    });
    const line = screen.getByText(words);
    expect(within(line).queryByRole('button')?.textContent ?? null).toBe(
      button
    );
  });

  it('says what to set when nobody knows which it is', async () => {
    await openCloud({ cloud: cloudStatus({ instance: '' }) });
    expect(screen.getByText(/set INSTANCE_ID/)).toBeTruthy();
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('is never taken for one of the real cloud', async () => {
    await openCloud({ cloud: cloudStatus({ kind: 'local' }) });
    expect(screen.getByText(/not the real one/)).toBeTruthy();
  });
});

describe('other notebooks', () => {
  it('are rows with their state, started by Enter', async () => {
    const { ran, user } = await openCloud();
    const row = screen.getByRole('listitem', { name: /^training, stopped/ });
    act(() => row.focus());
    await user.keyboard('{Enter}');
    expect(ran).toEqual([[CommandIDs.startNotebook, { notebook: 'training' }]]);
  });

  it('are found after "/"', async () => {
    const { user } = await openCloud({
      notebooks: {
        notebooks: [notebook(), OTHER, { ...OTHER, id: 'c', name: 'other' }]
      }
    });
    act(() => screen.getByRole('listitem', { name: /^training/ }).focus());
    await user.keyboard('/oth');
    expect(screen.queryByRole('listitem', { name: /^training/ })).toBeNull();
    await user.keyboard('{Escape}');
    expect(screen.getByRole('listitem', { name: /^training/ })).toBeTruthy();
  });

  it('are shown starting while an operation starts them', async () => {
    await openCloud({}, [
      operation({ verb: 'notebook.start', params: { notebook: 'training' } })
    ]);
    const row = screen.getByRole('listitem', { name: /^training, starting/ });
    expect(within(row).queryByRole('button', { name: 'Start…' })).toBeNull();
  });
});

describe('what fails', () => {
  it('is said in its own section, with the cloud’s code to copy', async () => {
    const opened = await open({ cloud: CLOUD });
    const { server, cloud, user } = opened;
    server.answers['GET storages'] = {
      status: 403,
      body: {
        code: 'cloud_forbidden',
        message: 'modelarts:notebook:listMountedStorages is missing',
        hint: 'Ask an administrator.',
        error_code: 'ModelArts.0108',
        cloud_request_id: 'abc'
      }
    };
    await act(() => cloud.refresh());
    await user.click(screen.getByRole('button', { name: /^Storage/ }));
    const alert = screen.getByRole('alert');
    expect(alert.textContent).toContain('The right to do this is missing.');
    expect(alert.textContent).toContain('ModelArts.0108\ncloud request abc');
    // What was known stays.
    expect(
      screen.getByRole('listitem', { name: /^\/data\/demo/ })
    ).toBeTruthy();
  });

  it('is said once where the keys are refused', async () => {
    await openCloud({
      cloud: cloudStatus({
        error: { code: 'cloud_unauthenticated', message: 'expired' }
      })
    });
    expect(screen.getAllByRole('alert')).toHaveLength(1);
    expect(screen.queryByRole('button', { name: /^Storage/ })).toBeNull();
  });
});
