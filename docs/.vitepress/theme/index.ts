/** VitePress' own theme, with the colours of lanegrad. */
import DefaultTheme from 'vitepress/theme';
import './style.css';

export default DefaultTheme;
