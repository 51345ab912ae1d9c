// The texts of messages, which are fetched with them.
import { texts, type Key } from '../../i18n/index.svelte';
import { chatEn } from './words.en';
import { chatEs } from './words.es';

export type ChatKey = Key | keyof typeof chatEn;

export const { t, known } = texts({ en: chatEn, es: chatEs });
