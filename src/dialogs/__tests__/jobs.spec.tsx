import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';

import { job } from '../../__tests__/jobs';
import { FakeServer } from '../../__tests__/server';
import { JobClient } from '../../api/jobClient';
import { Format } from '../../format';
import { IModelArtsNb } from '../../tokens';
import { JobLog } from '../jobs/log';

const trans = nullTranslator.load('modelarts_nb');

/** The log of a job that has printed so many lines. */
function open(printed: number) {
  const server = new FakeServer();
  for (const lines of [500, 2000, 8000]) {
    const count = Math.min(lines, printed);
    server.answers[`GET jobs/j1/logs?task=worker-0&lines=${lines}`] = {
      body: {
        lines: Array.from({ length: count }, (_, at) => ({
          task: 'worker-0',
          text: `line ${printed - count + at + 1}`
        }))
      }
    };
  }
  const nb = {
    jobs: { client: new JobClient(server.settings) },
    trans,
    format: new Format(trans)
  } as unknown as IModelArtsNb;
  render(<JobLog nb={nb} job={job()} />);
  return { server, user: userEvent.setup() };
}

const text = () => screen.getByRole('log').textContent ?? '';
const older = () => screen.queryByRole('button', { name: 'Older ones' });
const follow = () => screen.getByRole<HTMLInputElement>('checkbox');

describe('the log of a job', () => {
  afterEach(cleanup);

  it('is shown whole where it is short, and nothing is said of older lines', async () => {
    open(499);
    await screen.findByText(/line 499/);

    expect(text().split('\n')).toHaveLength(499);
    expect(older()).toBeNull();
  });

  it('says that there are older lines and shows them when it is asked to', async () => {
    const { user } = open(600);
    await screen.findByText(/line 600/);
    expect(text()).not.toContain('line 100\n');
    expect(screen.getByText(/The newest 500 lines/)).toBeTruthy();

    await user.click(older()!);
    await screen.findByText(/line 100 /);

    expect(text().startsWith('line 1\n')).toBe(true);
    expect(screen.queryByText(/The newest/)).toBeNull();
  });

  it('is not followed any more by who reads back, until it is asked to', async () => {
    const { user, server } = open(600);
    await screen.findByText(/line 600/);
    expect(follow().checked).toBe(true);

    await user.click(older()!);
    expect(follow().checked).toBe(false);
    await screen.findByText(/line 100 /);
    await user.click(follow());
    await screen.findByText(/The newest 500 lines/);

    expect(server.asked.at(-1)?.path).toContain('lines=500');
  });

  it('names the command that has all of it where it is too long', async () => {
    const { user } = open(9000);
    await screen.findByText(/line 9000/);

    await user.click(older()!);
    await screen.findByText(/The newest 2,000 lines/);
    await user.click(older()!);
    await screen.findByText(/The newest 8,000 lines/);

    expect(older()).toBeNull();
    expect(
      screen.getByText(/ma job logs mine --task worker-0 --lines 0/)
    ).toBeTruthy();
  });
});
