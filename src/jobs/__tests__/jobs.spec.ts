import { nullTranslator } from '@jupyterlab/translation';

import { job } from '../../__tests__/jobs';
import { FakeServer } from '../../__tests__/server';
import { JobClient } from '../../api/jobClient';
import { JobModel } from '../model';
import { inOrder, jobDot, whyNoShell } from '../words';

const trans = nullTranslator.load('modelarts_nb');

describe('jobs', () => {
  it('run first, then wait, and those that ended come last', () => {
    const phases = ['Failed', 'Pending', 'Running', 'Completed', 'Creating'];
    const jobs = phases.map(phase => job({ id: phase, phase }));

    expect(inOrder(jobs).map(({ id }) => id)).toEqual([
      'Running',
      'Pending',
      'Creating',
      'Failed',
      'Completed'
    ]);
    expect(jobs.map(jobDot)).toEqual([
      'attention',
      'working',
      'ready',
      'none',
      'working'
    ]);
  });

  it('say which rule is against a shell', () => {
    expect(whyNoShell(job(), trans)).toBe('');
    expect(whyNoShell(job({ phase: 'Pending' }), trans)).toMatch(/not run yet/);
    expect(whyNoShell(job({ phase: 'Completed' }), trans)).toMatch(/has ended/);
    const locked = job({ key_pairs: [], pool: null });
    expect(whyNoShell(locked, trans)).toMatch(/without a key pair/);
  });

  it('are not asked for without a cloud, and not while nobody looks', async () => {
    const server = new FakeServer();
    server.answers['GET jobs'] = { body: { jobs: [job()] } };
    let present = false;
    const model = new JobModel({
      client: new JobClient(server.settings),
      present: () => present
    });

    await model.refresh();
    model.watched = true;
    expect(server.asked).toEqual([]);
    present = true;
    await model.refresh();
    expect(model.list).toHaveLength(1);
    model.dispose();
  });

  it('that are older are read when they are asked for, and from then on', async () => {
    const server = new FakeServer();
    const many = (count: number) => ({
      body: {
        jobs: Array.from({ length: count }, (_, at) => job({ id: `j${at}` }))
      }
    });
    server.answers['GET jobs'] = many(50);
    server.answers['GET jobs?limit=100'] = many(70);
    const model = new JobModel({
      client: new JobClient(server.settings),
      present: () => true,
      standby: 'never'
    });
    await model.refresh();
    expect([model.list?.length, model.older]).toEqual([50, true]);

    await model.readBack();
    await model.refresh();

    expect([model.list?.length, model.older]).toEqual([70, false]);
    expect(server.asked.at(-1)?.path).toBe('jobs?limit=100');
    model.dispose();
  });

  it('keep the object of a job that is unchanged, so its row is not drawn again', async () => {
    const server = new FakeServer();
    server.answers['GET jobs'] = { body: { jobs: [job(), job({ id: 'j2' })] } };
    const model = new JobModel({
      client: new JobClient(server.settings),
      present: () => true,
      standby: 'never'
    });
    await model.refresh();
    const before = model.list;
    let changes = 0;
    model.changed.connect(() => changes++);

    await model.refresh();
    expect(changes).toBe(0);
    server.answers['GET jobs'] = {
      body: { jobs: [job(), job({ id: 'j2', seconds: 70 })] }
    };
    await model.refresh();

    expect(changes).toBe(1);
    expect(model.list?.[0]).toBe(before?.[0]);
    model.dispose();
  });
});
