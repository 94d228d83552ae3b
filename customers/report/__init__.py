"""The shop report: what the books say of customers, money and offers, and what they cannot say.

What comes in: ``Books``. What goes out: one document of plain values (``document.report``), and pages made of it
(``page.html_page``, ``markdown.markdown``) in English and Indonesian. It knows neither files nor the clock.

- ``document``    every figure of the report; its parts are counted in ``earnings``, ``cash`` (with ``takings``),
  ``newcomers``, ``retention``, ``segmenting``, ``incentives``, ``limits``; ``outlook`` is where it meets the models,
  ``calendar`` where it counts days
- ``sections``    the document as ``blocks``, in ``words``, with ``figures`` as the language writes them and ``charts``
- ``page``        blocks as one HTML file that needs nothing else, in its ``style``
- ``markdown``    blocks as Markdown
"""
