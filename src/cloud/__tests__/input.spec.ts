import { nullTranslator } from '@jupyterlab/translation';

import { notebook, storage } from '../../__tests__/cloud';
import { folderProblem, mountPathProblem, obsProblem, pathFor } from '../paths';
import { isPrivateKey, keyNameProblem, publicKeyProblem } from '../publicKey';
import { notebookRef, shortNotebook, shortSource } from '../words';

const trans = nullTranslator.load('modelarts_nb');
const RSA = `AAAAB3NzaC1yc2EAAAADAQABAAAB${'gQC7'.repeat(60)}==`;

describe('a public key', () => {
  it('is one line of RSA', () => {
    expect(publicKeyProblem(`ssh-rsa ${RSA} me@laptop`, trans)).toBeNull();
    expect(publicKeyProblem(`  ssh-rsa ${RSA}\n`, trans)).toBeNull();
  });

  it.each([
    ['', 'Paste'],
    ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me', 'RSA keys only'],
    [`ssh-rsa ${RSA.slice(0, 60)}`, 'not whole'],
    [`ssh-rsa ${RSA}\nssh-rsa ${RSA}`, 'one line'],
    ['hello', 'one line']
  ])('is not %j', (text, why) => {
    expect(publicKeyProblem(text, trans)).toContain(why);
  });

  it.each([
    '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl',
    '-----BEGIN RSA PRIVATE KEY-----',
    '-----BEGIN ENCRYPTED PRIVATE KEY-----',
    'PuTTY-User-Key-File-3: ssh-rsa',
    // The body alone, without its first line.
    'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAB'
  ])('is never a private one: %j', text => {
    expect(isPrivateKey(text)).toBe(true);
    expect(publicKeyProblem(text, trans)).toContain('not sent anywhere');
  });

  it('is not taken for a private one', () => {
    expect(isPrivateKey(`ssh-rsa ${RSA} me@laptop`)).toBe(false);
  });
});

describe('the name of a key pair', () => {
  it.each([
    ['my-laptop_2', true],
    ['', false],
    ['with space', false],
    ['x'.repeat(65), false]
  ])('%j: %s', (name, good) => {
    expect(keyNameProblem(name, trans) === null).toBe(good);
  });
});

describe('a path to mount at', () => {
  it.each([
    ['/data/mine', true],
    ['/data/a/b-c_d.e/', true],
    ['/data', false],
    ['/data/', false],
    ['data/mine', false],
    ['/home/mine', false],
    ['/data/../etc', false],
    ['/data/.hidden', false],
    ['/data/with space', false],
    [`/data/${'x'.repeat(260)}`, false]
  ])('%j: %s', (path, good) => {
    expect(mountPathProblem(path, [], trans) === null).toBe(good);
  });

  it('is not where something is, but where something failed', () => {
    expect(mountPathProblem('/data/demo/', [storage()], trans)).toContain(
      'obs://bucket/demo/'
    );
    const failed = storage({ status: 'MOUNT_FAILED' });
    expect(mountPathProblem('/data/demo', [failed], trans)).toBeNull();
  });
});

describe('a source', () => {
  it.each([
    ['obs://bucket/folder/', true],
    ['obs://bucket', true],
    ['obs://Bucket/', false],
    ['bucket/folder', false],
    ['obs://bucket/../other/', false],
    ['https://bucket/', false]
  ])('%j: %s', (source, good) => {
    expect(obsProblem(source, trans) === null).toBe(good);
  });

  it.each([
    ['/', true],
    ['/team/data', true],
    ['team', false],
    ['/team/../other', false]
  ])('folder %j: %s', (path, good) => {
    expect(folderProblem(path, trans) === null).toBe(good);
  });
});

describe('the path that is offered', () => {
  it.each([
    ['obs://bucket/folder/', '/data/folder'],
    ['obs://bucket/', '/data/bucket'],
    ['/team/data set', '/data/data-set'],
    ['', '/data/mine'],
    ['obs://bucket/demo/', '/data/demo-2']
  ])('of %j is %s', (source, path) => {
    expect(pathFor(source, [storage()])).toBe(path);
    expect(mountPathProblem(path, [storage()], trans)).toBeNull();
  });
});

describe('a notebook is named to the server', () => {
  const one = notebook({
    id: 'aaaaaaaa-0000-0000-0000-000000000001',
    name: 'a'
  });
  const same = { ...one, id: 'aaaaaaaa-0000-0000-0000-000000000002' };

  it('not at all when it is this one', () => {
    expect(notebookRef(one, one.id, [one])).toBeUndefined();
  });

  it('by its name where that says enough, else by its id', () => {
    expect(notebookRef(one, 'x', [one])).toBe('a');
    expect(notebookRef(one, 'x', [one, same])).toBe(one.id);
  });

  it('and to people by its name or the beginning of its id', () => {
    expect([shortNotebook('a'), shortNotebook(one.id)]).toEqual([
      'a',
      'aaaaaaaa'
    ]);
  });
});

describe('a source is shown', () => {
  it.each([
    ['aaaaaaaa-0000-0000-0000-000000000001:/team', 'aaaaaaaa…:/team'],
    [
      'aaaaaaaa-0000-0000-0000-000000000001.sfsturbo.internal:/team',
      'aaaaaaaa…:/team'
    ],
    ['obs://bucket/aaaaaaaa/', 'obs://bucket/aaaaaaaa/']
  ])('%s as %s', (source, short) => {
    expect(shortSource(source)).toBe(short);
  });
});
