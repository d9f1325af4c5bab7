const tip = document.getElementById('tip')
const REACH = 28  // pixels from a finger to the point that it means

let here = null

function say(element) {
  here?.classList.remove('here')
  here = element
  tip.hidden = element === null
  if (element === null) return
  element.classList.add('here')
  tip.textContent = element.dataset.tip
  place()
}

function place() {
  if (here === null) return
  const at = here.getBoundingClientRect(), size = tip.getBoundingClientRect()
  const left = Math.min(at.left + at.width / 2 - size.width / 2, document.documentElement.clientWidth - size.width - 8)
  const above = at.top - size.height - 10
  tip.style.left = Math.max(8, left) + 'px'
  tip.style.top = (above > 4 ? above : at.bottom + 10) + 'px'
}

function nearest(dots, x, y) {
  let best = null, least = REACH * REACH
  for (const dot of dots) {
    const at = dot.getBoundingClientRect()
    const across = at.left + at.width / 2 - x, down = at.top + at.height / 2 - y
    if (across * across + down * down < least) { least = across * across + down * down; best = dot }
  }
  return best
}

for (const chart of document.querySelectorAll('svg')) {
  const dots = [...chart.querySelectorAll('.dot')]
  const order = chart.closest('.large') ? [...dots].reverse() : dots  // the most restless first
  let number = -1
  const seek = event => {
    const found = nearest(dots, event.clientX, event.clientY)
    say(found)
    if (found) number = order.indexOf(found)
  }
  chart.addEventListener('pointermove', seek)
  chart.addEventListener('pointerdown', seek)
  chart.addEventListener('pointerleave', event => { if (event.pointerType === 'mouse') say(null) })
  chart.addEventListener('blur', () => say(null))
  chart.addEventListener('keydown', event => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
    if (!step || !order.length) return
    event.preventDefault()
    number = Math.min(order.length - 1, Math.max(0, number + step))
    say(order[number])
  })
}

for (const card of document.querySelectorAll('.card')) {
  for (const name of ['pointerenter', 'focus', 'click']) card.addEventListener(name, () => say(card))
  card.addEventListener('pointerleave', event => { if (event.pointerType === 'mouse') say(null) })
  card.addEventListener('blur', () => say(null))
}

for (const gallery of document.querySelectorAll('.gallery')) {
  const cards = [...gallery.querySelectorAll('.card')]
  gallery.addEventListener('keydown', event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], at = cards.indexOf(document.activeElement)
    if (!step || at < 0) return
    event.preventDefault()
    cards[Math.min(cards.length - 1, Math.max(0, at + step))].focus()
  })
}

document.addEventListener('scroll', place, { passive: true })
document.addEventListener('keydown', event => { if (event.key === 'Escape') say(null) })
document.addEventListener('pointerdown', event => { if (!event.target.closest('svg, .card')) say(null) })
