import { mount } from 'svelte';
import App from './App.svelte';
import './style.css';

const target = document.getElementById('app');
if (target) {
  // What the machine wrote there for those without a script.
  target.replaceChildren();
  mount(App, { target });
}
