import { mount } from 'svelte';
import App from './App.svelte';
import { pause } from './pause';
import './style.css';

const target = document.getElementById('app');
if (target) {
  // In a task of its own: that all parts are there has kept the browser busy for long enough.
  void pause().then(() => {
    // What the machine wrote there for those without a script.
    target.replaceChildren();
    mount(App, { target });
  });
}
