"""Pictures as Pillow 9.4 writes, reads and resizes them: /usr/bin/python3 test/data/images/fixtures.py"""
import base64, io, json, os
from PIL import Image, ImageDraw, ImageFilter

def picture(width, height):
    image = Image.new('RGB', (width, height))
    for y in range(height):
        for x in range(width):
            image.putpixel((x, y), ((x * 255) // max(1, width - 1), (y * 255) // max(1, height - 1), (x * 5 + y * 3) % 64 + 96))
    ImageDraw.Draw(image).ellipse((width * 0.2, height * 0.3, width * 0.6, height * 0.8), fill=(250, 40, 90))
    return image

def noise(width, height):
    state = 7
    values = []
    for _ in range(width * height * 3):
        state = (state * 1103515245 + 12345) % 2**31
        values.append((state >> 16) & 255)
    return Image.frombytes('RGB', (width, height), bytes(values))

def encoded(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return base64.b64encode(buffer.getvalue()).decode()

def pixels(image):
    return base64.b64encode(image.tobytes()).decode()

jpeg = []
smooth = picture(24, 17).filter(ImageFilter.GaussianBlur(2))
for name, image, options in [
    ('baseline', smooth, dict(quality=95, subsampling=0)),
    ('progressive', smooth, dict(quality=95, subsampling=0, progressive=True)),
    ('grey', smooth.convert('L'), dict(quality=95)),
    ('grey, stored in colours', smooth.convert('L').convert('RGB'), dict(quality=95)),
] + [(f'orientation {turn}', smooth, dict(quality=95, subsampling=0, turn=turn)) for turn in range(1, 9)]:
    turn = options.pop('turn', None)
    if turn:
        exif = Image.Exif()
        exif[0x112] = turn
        options['exif'] = exif
    text = encoded(image, format='JPEG', **options)
    read = Image.open(io.BytesIO(base64.b64decode(text)))
    from PIL import ImageOps
    upright = ImageOps.exif_transpose(read)
    if name.startswith('grey'):
        upright = upright.convert('L')
    jpeg.append(dict(name=name, file=text, width=upright.width, height=upright.height, pixels=pixels(upright)))

cmyk = encoded(smooth.convert('CMYK'), format='JPEG')

resized = []
for name, image, (width, height) in [
    ('smaller', noise(23, 19), (7, 5)),
    ('much smaller', picture(64, 48), (5, 5)),
    ('larger', noise(5, 4), (12, 9)),
    ('narrower and higher', noise(20, 6), (7, 13)),
]:
    resized.append(dict(name=name, width=image.width, height=image.height, pixels=pixels(image),
                        to=[height, width], fit='stretch', result=pixels(image.resize((width, height), Image.BILINEAR))))
image = noise(30, 18)
# The middle 18x18, brought to 6x6.
resized.append(dict(name='cover', width=30, height=18, pixels=pixels(image), to=[6, 6], fit='cover',
                    result=pixels(image.resize((6, 6), Image.BILINEAR, box=(6, 0, 24, 18)))))
inner = Image.new('RGB', (10, 10))
inner.paste(image.resize((10, 6), Image.BILINEAR), (0, 2))
resized.append(dict(name='contain', width=30, height=18, pixels=pixels(image), to=[10, 10], fit='contain', result=pixels(inner)))

with open(os.path.join(os.path.dirname(__file__), 'fixtures.json'), 'w') as file:
    json.dump(dict(jpeg=jpeg, cmyk=cmyk, resized=resized), file, indent=1)
    file.write('\n')
