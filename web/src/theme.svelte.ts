// Light or dark: as the system has it, unless the person chose.
import { keep, kept, onChange } from './kept';

export type Theme = 'light' | 'dark';

function read(): Theme | null {
  const found = kept('theme');
  return found === 'light' || found === 'dark' ? found : null;
}

let choice = $state<Theme | null>(read());

export const theme = {
  /** What was chosen; null follows the system. */
  get choice(): Theme | null {
    return choice;
  },
  choose(wanted: Theme | null): void {
    choice = wanted;
    keep('theme', wanted);
  },
};

onChange('theme', () => (choice = read()));
