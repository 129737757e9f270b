import { act, screen, within } from '@testing-library/react';

import { job } from '../../__tests__/jobs';
import { CommandIDs } from '../../commands';
import { openCloud } from './openCloud';

const ENDED = job({
  id: 'j2',
  name: 'old',
  phase: 'Failed',
  tasks: [{ name: 'worker-0', ssh: '', exit_code: 3, message: '' }]
});

const section = () => within(screen.getByRole('region', { name: /^Jobs/ }));

describe('the jobs', () => {
  it('are listed, running ones first, with the state in words', async () => {
    await openCloud({ jobs: { jobs: [ENDED, job()] } });

    const rows = section().getAllByRole('listitem');
    expect(rows.map(row => row.getAttribute('aria-label'))).toEqual([
      'mine, running, 65 s, running · 2 tasks · demo-pool',
      'old, failed, 65 s, failed, exit code 3 · 1 task · demo-pool'
    ]);
  });

  it('offer a shell where one can be had, and the log where not', async () => {
    const { user, ran } = await openCloud({ jobs: { jobs: [job(), ENDED] } });

    await user.click(section().getByRole('button', { name: 'Shell' }));
    await user.click(section().getByRole('button', { name: 'Log' }));

    expect(ran).toEqual([
      [CommandIDs.openShell, { job: 'j1' }],
      [CommandIDs.showJobLog, { job: 'j2' }]
    ]);
  });

  it('have everything else in a menu', async () => {
    const { user } = await openCloud({ jobs: { jobs: [job()] } });

    await user.click(section().getByRole('button', { name: 'More for mine' }));

    const items = [...document.querySelectorAll('.lm-Menu-itemLabel')]
      .map(item => item.textContent)
      .filter(Boolean);
    expect(items).toEqual([
      CommandIDs.openShell,
      CommandIDs.openShell,
      CommandIDs.openShell,
      CommandIDs.showJobLog,
      CommandIDs.showJob,
      CommandIDs.stopJob
    ]);
  });

  it('say that there are older ones and show them', async () => {
    const many = (count: number) => ({
      jobs: Array.from({ length: count }, (_, at) =>
        job({ id: `j${at}`, name: `mine-${at}` })
      )
    });
    const { user } = await openCloud({
      jobs: many(50),
      'jobs?limit=100': many(51)
    });
    expect(section().getByText(/The newest 50 jobs/)).toBeTruthy();

    await user.click(section().getByRole('button', { name: 'Older ones' }));

    expect(await section().findByText('mine-50')).toBeTruthy();
    expect(section().queryByText(/The newest/)).toBeNull();
  });

  it('teach how to begin one where there is none', async () => {
    await openCloud({ jobs: { jobs: [] } });

    expect(section().getByText(/There is no training job/)).toBeTruthy();
    expect(section().getByText('ma job submit job.yaml')).toBeTruthy();
  });

  it('stay when they cannot be read again, and the reason is told', async () => {
    const { server, jobs, user } = await openCloud({
      jobs: { jobs: [job()] }
    });
    server.answers['GET jobs'] = {
      status: 403,
      body: { code: 'cloud_forbidden', message: 'no', hint: 'Ask.' }
    };

    await act(() => jobs.refresh());

    expect(section().getByText('mine')).toBeTruthy();
    expect(section().getByText('Ask.')).toBeTruthy();
    server.answers['GET jobs'] = { body: { jobs: [ENDED] } };
    await user.click(section().getByRole('button', { name: 'Try again' }));
    expect(await section().findByText('old')).toBeTruthy();
    expect(section().queryByText('Ask.')).toBeNull();
  });
});
