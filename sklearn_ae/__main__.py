"""The demo, ``python -m sklearn_ae``: on handwritten digits, or on a table of yours."""

from sklearn_ae._demo import main

if __name__ == "__main__":
    main()
