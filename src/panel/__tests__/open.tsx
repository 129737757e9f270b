import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { render } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';

import { NO_ACCOUNT } from '../../__tests__/cloud';
import { environment, FakeServer, status } from '../../__tests__/server';
import { Client } from '../../api/client';
import { CloudClient } from '../../api/cloudClient';
import { JobClient } from '../../api/jobClient';
import { IEnvironment, IOperation, IRemoved, IStatus } from '../../api/types';
import { CloudModel } from '../../cloud/model';
import { KeepAlivePreference } from '../../cloud/preference';
import { CommandIDs } from '../../commands';
import { Format } from '../../format';
import { Inventory } from '../../inventory';
import { JobModel } from '../../jobs/model';
import { Operations } from '../../operations/model';
import { PanelProvider } from '../context';
import { PanelView } from '../panel';

export const IMAGE = environment({
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
  removed?: IRemoved[];
  /** What the cloud's routes answer, by path; without: there is no account. */
  cloud?: { [path: string]: unknown };
}

/** The panel over a fake server; `ran` collects the commands it executed. */
export async function open(world: IWorld) {
  const server = new FakeServer();
  Object.assign(server.answers, {
    'GET status': { body: world.status ?? status() },
    'GET environments': { body: { environments: world.environments ?? [] } },
    'GET archives': { body: { archives: [] } },
    'GET bin': { body: { removed: world.removed ?? [] } },
    'GET operations': { body: { operations: world.operations ?? [] } },
    'GET cloud': { body: NO_ACCOUNT }
  });
  for (const [path, body] of Object.entries(world.cloud ?? {})) {
    server.answers[`GET ${path}`] = { body };
  }
  return { server, ...(await draw(server)) };
}

export async function draw(server: FakeServer) {
  const client = new Client(server.settings);
  const inventory = new Inventory({ client, standby: 'never' });
  const operations = new Operations({ client, standby: 'never' });
  const cloud = new CloudModel({
    client: new CloudClient(server.settings),
    standby: 'never'
  });
  const jobs = new JobModel({
    client: new JobClient(server.settings),
    present: () => cloud.present,
    standby: 'never'
  });
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
  await cloud.refresh();
  await jobs.refresh();
  render(
    <PanelProvider
      value={{
        client,
        inventory,
        operations,
        cloud,
        jobs,
        keepAlive: new KeepAlivePreference(),
        commands,
        trans,
        format: new Format(trans)
      }}
    >
      <PanelView />
    </PanelProvider>
  );
  return { inventory, operations, cloud, jobs, ran, user: userEvent.setup() };
}
