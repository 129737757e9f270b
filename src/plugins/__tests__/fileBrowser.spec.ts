import { isArchive, listsPackages } from '../fileBrowser';

describe('files of the file browser', () => {
  it.each(['environment.yml', 'a/my-environment.yaml', 'requirements-dev.txt'])(
    'makes an environment from %s',
    path => {
      expect(listsPackages(path)).toBe(true);
    }
  );

  it.each(['docker-compose.yml', 'notes.txt', 'environment.py'])(
    'makes none from %s',
    path => {
      expect(listsPackages(path)).toBe(false);
    }
  );

  it.each([
    ['mine.tar.zst', true],
    ['mine.tar.gz', true],
    ['mine.squashfs', true],
    ['mine.zip', false]
  ])('unpacks %s: %s', (path, yes) => {
    expect(isArchive(path)).toBe(yes);
  });
});
